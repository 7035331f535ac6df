from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from functions.rooms.seats import BUCKETS
from local.options import Options

NAMES = [option.name for option in fields(Options)]


def parse(*arguments: str, **environment: str) -> Options:
    return Options.parse(arguments, environment, program="local")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> str:
    """The one line that says what is wrong."""
    code: Any = "nothing is wrong"
    try:
        parse(*arguments, **environment)
    except SystemExit as ended:
        code = ended.code
    assert code == 2, (arguments, environment)
    said = capsys.readouterr().err
    assert said.startswith("local: ")
    assert said.count("\n") == 1
    return said


def test_nothing_given_means_the_defaults_of_the_protocol() -> None:
    assert parse() == Options(
        port=8000,
        redis_url="",
        kafka_bootstrap="",
        aws_endpoint="",
        auth_mode="open",
        window_ms=500,
        slices=1,
        idle_seconds=600,
        max_connection_seconds=7200,
        heartbeat_seconds=60,
        sweep_seconds=None,
        disconnect_loss=0,
        edge_only=0,
        freeze=0,
    )


def test_a_flag_wins_over_the_environment() -> None:
    assert parse("--port", "9001", PORT="9002", WINDOW_MS="0") == Options(port=9001, window_ms=0)
    assert parse("--port", "9001", PORT="eight") == Options(port=9001)


def test_servers_may_have_several_addresses_and_passwords() -> None:
    brokers, url = "one.example:9092,two.example:9092", "rediss://:secret@cache.example:6379"
    options = parse(KAFKA_BOOTSTRAP=brokers, REDIS_URL=url)
    assert (options.kafka_bootstrap, options.redis_url) == (brokers, url)


def test_an_empty_variable_is_none_at_all() -> None:
    assert parse(PORT="", REDIS_URL="") == Options()


def test_a_slash_behind_an_address_is_none_of_it() -> None:
    assert parse(AWS_ENDPOINT="http://127.0.0.1:5000/").aws_endpoint == "http://127.0.0.1:5000"


def test_numbers_have_the_type_of_their_option() -> None:
    options = parse(IDLE_SECONDS="1.5", HEARTBEAT_SECONDS="2", DISCONNECT_LOSS="0.25")
    assert (options.idle_seconds, options.heartbeat_seconds, options.disconnect_loss) == (1.5, 2, 0.25)
    assert isinstance(options.heartbeat_seconds, int)


def test_a_wrong_value_is_named_as_a_flag_and_as_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    for name, wrong in (
        ("port", "eight"),
        ("port", "-1"),
        ("port", "65536"),
        ("port", "80.5"),
        ("redis_url", "foo"),
        ("redis_url", "http://127.0.0.1:7000"),
        ("redis_url", "redis://127.0.0.1"),
        ("kafka_bootstrap", "foo"),
        ("kafka_bootstrap", "127.0.0.1:9092,"),
        ("kafka_bootstrap", "http://127.0.0.1:9092"),
        ("kafka_bootstrap", "127.0.0.1:65536"),
        ("aws_endpoint", "127.0.0.1:5000"),
        ("aws_endpoint", "http://127.0.0.1"),
        ("aws_endpoint", "http://127.0.0.1:port"),
        ("aws_endpoint", "https://dynamodb.us-east-1.amazonaws.com"),
        ("auth_mode", "closed"),
        ("window_ms", "300001"),
        ("slices", "0"),
        ("slices", str(BUCKETS + 1)),
        ("idle_seconds", "0"),
        ("idle_seconds", "nan"),
        ("max_connection_seconds", "inf"),
        ("heartbeat_seconds", "0"),
        ("heartbeat_seconds", "1.5"),
        ("sweep_seconds", "0.05"),
        ("disconnect_loss", "1.1"),
        ("freeze", "yes"),
    ):
        flag = f"--{name.replace('_', '-')}"
        said = refusal(capsys, f"{flag}={wrong}")
        assert flag in said
        assert repr(wrong) in said
        said = refusal(capsys, **{name.upper(): wrong})
        assert name.upper() in said
        assert repr(wrong) in said


def test_all_that_is_wrong_in_the_environment_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, PORT="eight", FREEZE="2")
    assert said == "local: PORT: 'eight' is not a number from 0 to 65535; FREEZE: '2' is not a number from 0 to 1\n"


def test_help_is_there_whatever_the_environment_holds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--help", PORT="50%")
    assert ended.value.code == 0
    assert "(default: 50%)" in capsys.readouterr().out


def test_an_unknown_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for argument, name in (("--speed=9", "--speed"), ("extra", "extra"), ("--po=9000", "--port")):
        assert name in refusal(capsys, argument), argument


def test_help_tells_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--help")
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert [name for name in NAMES if f"--{name.replace('_', '-')}" not in told] == []


@pytest.mark.parametrize("name", ["review.txt", "my-review.py", "class.py", "a.b.py"])
def test_a_review_is_a_file_that_can_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / name).touch()
    assert "is no Python module" in refusal(capsys, REVIEW=str(tmp_path / name))
    assert "is no file" in refusal(capsys, REVIEW=str(tmp_path / "missing.py"))
    (tmp_path / "review.py").touch()
    assert parse("--review", str(tmp_path / "review.py")).review == str(tmp_path / "review.py")
