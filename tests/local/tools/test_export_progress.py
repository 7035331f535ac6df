import io
import itertools

from local.tools.export_progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_that_is_gone_at_the_end() -> None:
    terminal = Terminal()
    with Progress(terminal, 110) as progress:
        progress.show(1, 10)
    assert "[........................]   0% 1 events" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_the_bar_tells_how_far_the_newest_chat_is() -> None:
    terminal, seconds = Terminal(), itertools.count()
    progress = Progress(terminal, 110, clock=lambda: float(next(seconds)))
    progress.show(1, 10)
    progress.show(1234, 60)
    assert "[############............]  50% 1,234 events" in terminal.getvalue()
    progress.show(5000, 999)  # joins come after the newest chat
    assert "100% 5,000 events" in terminal.getvalue()


def test_a_bar_is_not_written_for_every_event() -> None:
    terminal = Terminal()
    progress = Progress(terminal, 110, clock=lambda: 0.0)
    progress.show(1, 10)
    written = terminal.getvalue()
    progress.show(2, 11)
    assert terminal.getvalue() == written != ""


def test_nothing_is_written_where_nobody_looks() -> None:
    file, terminal = io.StringIO(), Terminal()
    for progress in (Progress(file, 10), Progress(terminal, 10, quiet=True)):
        with progress:
            progress.show(1, 1)
    assert file.getvalue() == terminal.getvalue() == ""
