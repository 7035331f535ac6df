import json
import socket

import pytest

from local.__main__ import main


def test_nothing_there_is_one_line_and_a_cause(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{taken.getsockname()[1]}"
        own = ["--url", f"ws://{here}/websocket", "--api", f"http://{here}/api"]
        assert main(["smoke", *own, "--open", "--json"]) == 1
    told = capsys.readouterr()
    outcome = json.loads(told.out)
    assert (outcome["ok"], outcome["cause"]["name"]) == (False, "address")
    assert [step["name"] for step in outcome["steps"]] == ["health"]
    assert "FAILED health" in told.err
    assert "likely cause: address" in told.err


def test_deployed_rooms_take_a_secret_or_a_word_that_they_are_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", "--url", "wss://rooms.example/websocket", "--api", "https://rooms.example/api"]) == 1
    assert "--secret" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--url", "https://rooms.example/websocket"],
        ["--api", "rooms.example"],
        ["--url", "wss://rooms.example:x/websocket"],
        ["--patience", "0"],
        ["--open", "--secret", "s"],
        ["--activity", "42"],
    ],
)
def test_wrong_arguments_are_said(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["smoke", *wrong])
    assert ended.value.code == 2
    assert "usage: python -m local smoke" in capsys.readouterr().err
