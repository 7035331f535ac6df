"""The command line as people type it: exit status, what is printed, and that nothing is left behind."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.processes import runs

ROOT = Path(__file__).parents[2]
SECONDS = 30.0


@asynccontextmanager
async def command(*arguments: str, **environment: str) -> AsyncIterator[Process]:
    """`python -m local ARGUMENTS`, leading a process group, as a shell starts it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local", *arguments),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def result(process: Process) -> tuple[int | None, str, str]:
    """Wait for its end: exit status, standard output, standard error."""
    async with asyncio.timeout(SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def read_until(process: Process, text: str) -> str:
    """What it prints, up to the line with `text`."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(SECONDS):
        while text not in said:
            line = await process.stdout.readline()
            assert line, f"it ended after {said!r}"
            said += line.decode()
    return said


def marked(mark: str) -> list[psutil.Process]:
    """The processes that have inherited the mark. Redis hides its environment, but not that of its guard."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it has just ended, or is somebody else's
            if process.environ().get("MARK") == mark:
                found.append(process)
    return found


async def test_help_is_no_failure() -> None:
    async with command("--help") as process:
        status, out, err = await result(process)
    assert (status, err) == (0, "")
    assert out.startswith("usage: python -m local")


async def test_a_wrong_option_ends_with_2_and_a_line_that_says_so() -> None:
    async with command(PORT="eight") as process:
        status, out, err = await result(process)
    assert (status, out) == (2, "")
    assert err == "python -m local: PORT: 'eight' is not a number from 0 to 65535\n"


async def test_a_wrong_setting_of_the_functions_is_told_before_anything_starts() -> None:
    async with command(PORT="0", CHAT_BURST="x", ARCHIVE_DAYS="0") as process:
        status, out, err = await result(process)
    assert (status, out) == (2, "")
    problems = "CHAT_BURST: 'x' is not an integer from 0; ARCHIVE_DAYS: must be more than 0"
    assert err == f"python -m local: {problems}\n"


async def test_a_taken_port_ends_with_1_and_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with command("--port", str(port)) as process:
            status, _, err = await result(process)
    assert status == 1
    assert err == f"port {port} of 127.0.0.1 is taken: choose another with PORT or --port\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
async def test_it_says_where_everything_is_and_ends_without_a_trace(number: signal.Signals) -> None:
    mark = uuid.uuid4().hex
    async with command("--port=0", MARK=mark) as process:
        said = await read_until(process, "Ready.")
        (address,) = set(re.findall(r"127\.0\.0\.1:\d+", said))
        for line in ("page", "WebSocket", "connections API", "HTTP API", "health"):
            assert re.search(rf"^ +{line} +(http|ws)://{address}/", said, re.MULTILINE)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            health = await http.get(f"http://{address}/_local/health", timeout=SECONDS)
            assert health.json()["ready"]
            await http.get(f"http://{address}/api/health", timeout=SECONDS)  # so that a function runs too
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 3
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        status, _, err = await result(process)
    assert (status, err) == (0, "")
    assert [child for child in started if runs(child)] == []
    assert marked(mark) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
async def test_a_signal_while_it_starts_ends_it_without_a_trace(number: signal.Signals, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    async with command("--port=0", MARK=mark, TMPDIR=str(tmp_path)) as process:
        await read_until(process, "starting")
        os.killpg(process.pid, number)
        status, _, err = await result(process)
    assert (status, err) == (128 + number, "")
    assert marked(mark) == []
    assert list(tmp_path.glob("live-rooms-*")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
async def test_a_signal_while_it_imports_its_modules_ends_it_without_a_trace(
    number: signal.Signals, tmp_path: Path
) -> None:
    # A module that takes long to import, in place of one of them.
    (tmp_path / "watchfiles.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    async with command("--port=0", PYTHONPATH=str(tmp_path)) as process:
        await read_until(process, "importing")
        process.send_signal(number)
        status, _, err = await result(process)
    assert (status, err) == (128 + number, "")


async def test_a_second_ctrl_c_cuts_no_clean_up_short(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    async with command("--port=0", MARK=mark, TMPDIR=str(tmp_path)) as process:
        await read_until(process, "Ready.")
        started = psutil.Process(process.pid).children(recursive=True)
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
        status, _, err = await result(process)
    assert (status, err) == (0, "")
    assert [child for child in started if runs(child)] == []
    assert marked(mark) == []
    assert list(tmp_path.glob("live-rooms-*")) == []


async def test_the_version_is_told_and_a_mistyped_option_with_the_nearest_one() -> None:
    async with command("--version") as process:
        status, out, err = await result(process)
    assert (status, err) == (0, "")
    assert out.startswith("live-rooms ")
    async with command("--windowms", "5") as process:
        status, out, err = await result(process)
    assert (status, out) == (2, "")
    assert err == "python -m local: there is no option --windowms: did you mean --window-ms?\n"
