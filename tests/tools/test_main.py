"""The command line as people type it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tools.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]
SECONDS = 30.0


def test_a_wrong_command_is_told_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    cases: list[tuple[list[str], str]] = [
        ([], "a command is missing"),
        (["fly"], "there is no command 'fly'"),
        (["laod"], "there is no command 'laod': did you mean load?"),
        (["Smoke"], "there is no command 'Smoke': did you mean smoke?"),
    ]
    for arguments, problem in cases:
        assert main(arguments) == 2, arguments
        said = capsys.readouterr().err.splitlines()
        assert said[0] == problem
        assert said[2].startswith("usage: python -m tools"), arguments


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    for argument in ("-h", "--help"):
        assert main([argument]) == 0, argument
        assert capsys.readouterr().out.startswith("usage: python -m tools"), argument


def test_the_version_is_told_by_itself_and_by_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("live-rooms ")
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--version"])
        assert ended.value.code == 0, name
        assert capsys.readouterr().out == told, name


def test_each_command_tells_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0, name
        assert capsys.readouterr().out.startswith(f"usage: python -m tools {name}"), name


def test_who_interrupts_a_command_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: list[str], environment: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("tools.load.command.main", interrupted)
    assert main(["load"]) == 130


async def test_who_has_seen_enough_breaks_nothing() -> None:
    for arguments in (["estimate", "--viewers", "50", "--hours", "1"], ["load", "--help"], ["--help"]):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools", *arguments),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stdout is not None
        process.stdout._transport.close()  # type: ignore[attr-defined]
        assert process.stderr is not None
        async with asyncio.timeout(SECONDS):
            err = await process.stderr.read()
            status = await process.wait()
        assert (status, err) == (1, b""), arguments


async def test_ctrl_c_while_a_command_imports_its_modules_is_no_trace(tmp_path: Path) -> None:
    (tmp_path / "websockets.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools", "load"),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            await process.stdout.readline()
            process.send_signal(number)
            _, err = await process.communicate()
        assert (process.returncode, err) == (128 + number, b""), number
