"""How far a load is."""

import io

from local.tools.load.progress import Progress

TOLD = {"here": 1000, "chats": 50, "frames": 2000, "p99": 512_000}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_renews_itself() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    for done in (0.0, 0.5, 2.0):
        progress.show("running", done, [TOLD, TOLD])
    progress.end()
    lines = terminal.getvalue().split("\r\x1b[K")
    assert "\n" not in terminal.getvalue()
    assert (
        lines[2]
        == f"running    [{'#' * 12}{'.' * 12}] 2,000 connected  100 chats sent  4,000 frames received  p99 512 ms"
    )
    assert lines[3].startswith(f"running    [{'#' * 24}]")
    assert lines[-1] == ""


def test_elsewhere_a_phase_is_a_line_and_another_every_few_seconds() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    for phase in ("connecting", "running", "running"):
        progress.show(phase, 0.0, [{}])
    progress.end()
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == ["connecting", "running"]
