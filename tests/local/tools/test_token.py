import asyncio
from typing import Any

import pytest

from functions.adapters.token_keys import TokenKeys
from functions.adapters.tokens import Tokens
from local.mint import fresh_keys
from local.servers.moto_resources import MotoResources
from local.tools import token
from tests.local.tools.answering import answering

ARGUMENTS = ["--activity", "42", "--user", "alice", "--name", "Alice"]


def test_the_emulator_is_asked_and_the_token_alone_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with answering("POST", 200, {"token": "a.b.c"}) as (url, asked):
        assert token.main([*ARGUMENTS, "--caps", "chat, moderate", "--seconds", "60", "--url", url], {}) == 0
        assert token.main([*ARGUMENTS, "--url", url.replace("http:", "ws:") + "/websocket"], {}) == 0
    assert capsys.readouterr().out == "a.b.c\na.b.c\n"
    assert asked == [
        {"activityId": "42", "userId": "alice", "name": "Alice", "caps": ["chat", "moderate"], "seconds": 60},
        {"activityId": "42", "userId": "alice", "name": "Alice", "caps": ["chat", "like"], "seconds": 3600},
    ]


def test_the_emulators_port_is_the_one_that_make_dev_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with answering("POST", 200, {"token": "a.b.c"}) as (url, asked):
        assert token.main(["--platform", "--user", "shop"], {"PORT": url.rpartition(":")[2]}) == 0
    assert asked[0]["activityId"] is None


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (409, {"error": "open", "message": "x"}, "no token is needed"),
        (503, {"error": "unavailable", "message": "no keys"}, "no keys"),
        (404, b"<html>", "is that an emulator?"),
        (200, [], "is that an emulator?"),
    ],
)
def test_an_answer_without_a_token_is_explained(
    capsys: pytest.CaptureFixture[str], status: int, answer: Any, said: str
) -> None:
    with answering("POST", status, answer) as (url, _):
        assert token.main([*ARGUMENTS, "--url", url], {}) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert said in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--url", "wss://rooms.example/websocket"],
            "--url: wss://rooms.example/websocket is not on this machine: name",
        ),
        (["--url", "http://rooms.example"], "--url: http://rooms.example is not on this machine: name the secret"),
        (["--url", "rooms"], "--url: 'rooms' is no URL"),
        (["--url", "http://127.0.0.1:port"], "--url: 'http://127.0.0.1:port' is no URL"),
        (["--caps", "fly"], "--caps must be"),
        (["--activity", "forty"], "--activity must be"),
        (["--seconds", "0"], "--seconds: '0' is not a number from 1 to 31536000"),
        (["--seconds", "x"], "--seconds: 'x' is not a number from 1 to 31536000"),
        (["--user", ""], "--user must"),
        (["--name", ""], "--name must"),
        ([], "PORT: 'zz' is not a number from 1 to 65535"),
        (["--platform"], "--platform: not allowed with argument --activity"),
    ],
)
def test_wrong_arguments_end_with_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        token.main([*ARGUMENTS, *arguments], {"PORT": "zz"})
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m local token: {said}")
    assert error.count("\n") == 1


def test_where_nobody_answers_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert token.main([*ARGUMENTS, "--url", "http://127.0.0.1:1"], {}) == 1
    error = capsys.readouterr().err
    assert error.startswith("python -m local token: nothing answers at http://127.0.0.1:1 (")
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--user", "alice"], ["--activity", "42"]])
def test_who_and_where_must_be_said(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        token.main(arguments, {})
    assert ended.value.code == 2


def test_a_deployed_rooms_token_is_signed_here_with_the_keys_of_its_secret(
    moto_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fresh_keys()

    async def read() -> str:
        return keys

    with asyncio.Runner() as runner:
        runner.run(MotoResources(moto_url).put_secret("keys", keys))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        deployed = ["--url", "wss://rooms.example/websocket", "--secret"]
        assert token.main([*ARGUMENTS, *deployed, "keys"], {}) == 0
        claims = runner.run(Tokens(TokenKeys(read)).verify(capsys.readouterr().out.strip()))
        assert (claims.sub, claims.activity_id) == ("alice", 42)
        assert token.main([*ARGUMENTS, *deployed, "others"], {}) == 1
        assert "ResourceNotFoundException" in capsys.readouterr().err
