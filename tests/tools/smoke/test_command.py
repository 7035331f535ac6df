import json
import socket
from functools import partial

import pytest

from tests.tools.wrong_arguments import said
from tools.__main__ import main


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


def test_where_no_emulator_runs_it_says_how_to_start_it(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert main(["smoke"], {"PORT": str(port)}) == 1
    remedy = "start it with `make dev`, or name the rooms with --url and --api"
    line = f"python -m tools smoke: nothing answers at http://127.0.0.1:{port}: {remedy}\n"
    assert capsys.readouterr() == ("", line)


def test_wrong_arguments_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (
        ["--url", "https://rooms.example/websocket"],
        ["--api", "rooms.example"],
        ["--url", "wss://rooms.example:x/websocket"],
        ["--url", "wss://rooms.example/websocket", "--api", "https://rooms.example/api"],
        ["--patience", "0"],
        ["--open", "--secret", "s"],
        ["--activity", "42"],
        ["--record", "found.md"],
        ["--connections", "https://rooms.example/websocket"],
        ["--conform", "--connections", "wss://rooms.example/websocket"],
    ):
        line = said(capsys, partial(main, ["smoke", *wrong]), wrong)
        assert line.startswith("python -m tools smoke: --") or "--activity" in line, wrong


def test_a_port_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["smoke"], {"PORT": "abc"})
    assert ended.value.code == 2
    assert capsys.readouterr().err == "python -m tools smoke: PORT: 'abc' is not a number from 1 to 65535\n"
