"""Tables of wrong arguments: each is to end a command with 2 and one line."""

from collections.abc import Callable

import pytest


def said(capsys: pytest.CaptureFixture[str], command: Callable[[], object], what: object) -> str:
    """The one line on standard error with which `command` ends; `what` names the case."""
    status: object = "none"
    try:
        command()
    except SystemExit as ended:
        status = ended.code
    assert status == 2, what
    out, line = capsys.readouterr()
    assert out == "", what
    assert line.count("\n") == 1, (what, line)
    return line
