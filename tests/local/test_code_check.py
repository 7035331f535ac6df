"""What an edit breaks is told at once, in a line, and so is that it works again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.code_check import OWN, ROWS, CodeCheck, syntax_error
from tests.local.aws.until import until

GOOD = "def handler(event, context):\n    return None\n"
USING = f"import functions.shared\n\n\n{GOOD}"
HANDLERS = ["functions.first.handler", "functions.second.handler"]


class Edits:
    """A small tree, its check, and the lines that were told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []
        (root / "functions").mkdir()
        for name in ("__init__", "shared", "manifest", "unused"):
            self.write(name, "")
        for name in ("first", "second"):
            self.write(name, USING)
        loaded = [root / "functions" / f"{name}.py" for name in ("manifest", "shared")]
        self.check = CodeCheck(root, HANDLERS, loaded=loaded, write=self.lines.append)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / "functions" / f"{name}.py"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    async def save(self, name: str, text: str | bytes) -> list[str]:
        """The lines that are told once all is looked at."""
        before = len(self.lines)
        self.check.changed([self.write(name, text)])
        importing = self.check._importing
        assert importing is not None
        await asyncio.wait([importing])
        return self.lines[before:]


@pytest.fixture
async def edits(tmp_path: Path) -> AsyncIterator[Edits]:
    edits = Edits(tmp_path)
    yield edits
    await edits.check.stop()


async def test_what_cannot_be_compiled_is_told_at_once(edits: Edits) -> None:
    path = edits.write("first", "x = (\n")
    edits.check.changed([path])
    assert edits.lines == ["functions/first.py:1: SyntaxError: '(' was never closed"]


async def test_each_kind_of_mistake_is_one_line_and_told_once_and_then_that_it_works_again(edits: Edits) -> None:
    for name, text, wanted in (
        ("first", "x = (\n", "functions/first.py:1: SyntaxError: "),
        ("first", f"{GOOD}  y = 1\n", "functions/first.py:3: IndentationError: "),
        ("first", f"if 1:\n\ty = 1\n        z = 2\n{GOOD}", "functions/first.py:3: TabError: "),
        ("first", b"x = '\xff'\n" + GOOD.encode(), "functions/first.py:1: "),
        ("first", b"x = 1\0\n", "functions/first.py:1: "),
        ("first", f"import missing_module\n{GOOD}", "functions/first.py:1: ModuleNotFoundError: No module named "),
        ("first", f"from functions.shared import nothing\n{GOOD}", "functions/first.py:1: ImportError: "),
        ("first", f"\nprint('x')\nundefined\n{GOOD}", "functions/first.py:3: NameError: name 'undefined' is not"),
        ("first", f"import sys\nsys.exit(3)\n{GOOD}", "functions/first.py:2: SystemExit: 3"),
        ("first", "def other(): ...\n", "functions/first.py:1: there is no 'handler' in it"),
        ("shared", "\n1 / 0\n", "functions/shared.py:2: ZeroDivisionError: division by zero"),
        ("unused", "x = (\n", "functions/unused.py:1: SyntaxError: "),
    ):
        good = USING if name == "first" else ""
        told = [line for line in await edits.save(name, text) if OWN not in line]
        assert len(told) == 1, (text, told)
        assert told[0].startswith(wanted), (text, told)
        assert "\n" not in told[0]
        assert [line for line in await edits.save("second", USING) if OWN not in line] == [], text
        assert await edits.save(name, good) == [f"functions/{name}.py works again"], text


async def test_an_edit_that_breaks_nothing_is_no_line(edits: Edits) -> None:
    assert await edits.save("first", f"{GOOD}# more\n") == []


async def test_another_mistake_in_the_same_file_is_told(edits: Edits) -> None:
    assert len(await edits.save("first", "x = (\n")) == 1
    (line,) = await edits.save("first", "\nx = [\n")
    assert line == "functions/first.py:2: SyntaxError: '[' was never closed"


async def test_a_file_that_is_gone_is_an_error_of_who_imports_it(edits: Edits) -> None:
    path = edits.root / "functions" / "shared.py"
    path.unlink()
    edits.check.changed([path])
    await until(lambda: len(edits.lines) == 3)
    (shared, *others) = edits.lines
    assert shared == f"functions/shared.py: {OWN}"
    assert {line.partition(":")[0] for line in others} == {"functions/first.py", "functions/second.py"}


async def test_who_edits_the_manifest_is_reminded_each_time_that_it_takes_a_restart(edits: Edits) -> None:
    for text in ("x = 1\n", "x = 2\n"):
        assert await edits.save("manifest", text) == [f"functions/manifest.py: {ROWS}"]
    assert await edits.save("manifest", "") == []  # as at the start


async def test_who_edits_what_the_emulator_uses_itself_is_reminded_once(edits: Edits) -> None:
    assert await edits.save("shared", "x = 1\n") == [f"functions/shared.py: {OWN}"]
    assert await edits.save("shared", "x = 2\n") == []


async def test_an_import_that_does_not_end_is_given_up_by_the_next_edit(edits: Edits) -> None:
    edits.check.changed([edits.write("first", "import time\ntime.sleep(600)\n")])
    first = edits.check._importing
    assert first is not None
    assert await edits.save("first", GOOD) == []
    assert first.cancelled()


def test_nothing_is_wrong_with_a_file_that_is_gone(tmp_path: Path) -> None:
    assert syntax_error(tmp_path / "gone.py") is None
