"""How far a tool is."""

import io
import itertools
from collections.abc import AsyncIterator

from functions.rooms.archive import Stored
from functions.rooms.events import Chat
from tools.export.command import write
from tools.export.lines import JSON_LINES
from tools.load.coordinator import so_far
from tools.progress import Progress

TOLD = {"here": 1000, "chats": 50, "frames": 2000, "p99": 512_000}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress_on(stream: io.StringIO, *, seconds: float | None = None) -> Progress:
    """One whose clock is a second later at each look."""
    ticks = itertools.count(1)
    return Progress(stream, seconds=seconds, clock=lambda: float(next(ticks)))


def test_on_a_terminal_one_line_renews_itself() -> None:
    terminal = Terminal()
    with progress_on(terminal) as progress:
        for done in (0.0, 0.5, 2.0):
            progress.show(done, so_far([TOLD, TOLD, {}]), "running")
    lines = terminal.getvalue().split("\r\x1b[K")
    assert "\n" not in terminal.getvalue()
    assert (
        lines[2]
        == f"running    [{'#' * 12}{'.' * 12}] 2,000 connected  100 chats sent  4,000 frames received  p99 512 ms"
    )
    assert lines[3].startswith(f"running    [{'#' * 24}]")
    assert lines[-1] == ""


def test_a_terminals_line_is_gone_at_the_end() -> None:
    terminal = Terminal()
    with Progress(terminal) as progress:
        progress.show(0.5, "half")
        assert "#" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_elsewhere_a_phase_is_a_line_and_another_every_few_seconds() -> None:
    stream = io.StringIO()
    with Progress(stream, seconds=5, clock=iter([0, 1, 2, 7]).__next__) as progress:
        for phase in ("connecting", "running", "running", "running"):
            progress.show(0.0, so_far([{}]), phase)
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == ["connecting", "running", "running"]


def test_a_line_is_not_written_each_time() -> None:
    terminal = Terminal()
    progress = Progress(terminal, clock=lambda: 0.0)
    progress.show(0.1, "1 event")
    written = terminal.getvalue()
    progress.show(0.2, "2 events")
    assert terminal.getvalue() == written != ""


def test_nothing_is_written_where_nobody_looks() -> None:
    file, terminal = io.StringIO(), Terminal()
    for progress in (Progress(file), Progress(terminal, quiet=True)):
        with progress:
            progress.show(0.1, "1 event")
    assert file.getvalue() == terminal.getvalue() == ""


async def test_an_export_tells_how_far_the_newest_chat_is() -> None:
    async def events() -> AsyncIterator[Stored]:
        for seq in (10, 60, 999):  # joins come after the newest chat
            yield Stored(Chat(activity_id=42, time=0, seq=seq))

    terminal = Terminal()
    count = await write(events(), JSON_LINES, io.BytesIO(), progress_on(terminal), newest=110)
    assert count == 3
    shown = terminal.getvalue()
    assert f"[{'.' * 24}]   0% 1 events" in shown
    assert "[############............]  50% 2 events" in shown
    assert "100% 3 events" in shown
