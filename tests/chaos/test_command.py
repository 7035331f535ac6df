"""The command line: what is refused before anything starts, and what a dry run prints."""

import pickle
from pathlib import Path

import pytest

from tests.chaos.command import main
from tests.chaos.injected import lose_from_a_screen
from tests.chaos.made import BEGAN, Room


def test_a_dry_run_prints_the_faults_of_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dry", "--seed", "4711", "--seconds", "60"]) == 0
    first = capsys.readouterr().out
    assert first.count(" s  ") > 5
    assert main(["--dry", "--seed", "4711", "--seconds", "60"]) == 0
    assert capsys.readouterr().out == first


def test_wrong_arguments_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--only", "kill-everything"], ["--seconds", "0"], ["--kafka", "none"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2, arguments
        told = capsys.readouterr().err
        assert (told.count("\n"), arguments[0] in told) == (1, True), arguments


def test_a_run_can_be_checked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = Room()
    file = tmp_path / "run.pickle"
    file.write_bytes(pickle.dumps((4711, [room.history], [], BEGAN)))
    assert main(["--again", str(file)]) == 0
    lose_from_a_screen(room)
    file.write_bytes(pickle.dumps((4711, [room.history], ["the end"], BEGAN)))
    assert main(["--again", str(file)]) == 1
    told = capsys.readouterr().out
    assert "lost: the chat c1 of u1, seq 1" in told
    assert "not settled: the end" in told
