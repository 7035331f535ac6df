"""Edits are noticed, other files are not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.aws.code_watch import watch_code
from local.background import in_background
from tests.local.aws.until import until

Changes = list[frozenset[Path]]


@pytest.fixture
def changes() -> Changes:
    return []


@pytest.fixture
async def folder(tmp_path: Path, changes: Changes) -> AsyncIterator[Path]:
    """A folder that is being watched, with a folder in it."""
    folder = tmp_path / "functions"
    (folder / "rooms").mkdir(parents=True)
    # The watcher starts in a thread: edit until it has seen one.
    number = 0

    def seen() -> bool:
        nonlocal number
        number += 1
        (folder / "first.py").write_text(str(number))
        return bool(changes)

    async with in_background(watch_code(folder, changes.append, debounce_ms=50)):
        await until(seen)
        yield folder


def names(changes: Changes) -> set[str]:
    return {path.name for change in changes for path in change} - {"first.py"}


async def test_an_edit_of_code_is_told(folder: Path, changes: Changes) -> None:
    for name in ("relay.py", "rooms/ticks.py", "rooms/join.lua"):
        (folder / name).write_text("edited")
    await until(lambda: names(changes) == {"relay.py", "ticks.py", "join.lua"})


async def test_a_removed_file_is_told(folder: Path, changes: Changes) -> None:
    (folder / "first.py").unlink()
    await until(lambda: any(not path.exists() for change in changes for path in change))


async def test_other_files_are_not_told(folder: Path, changes: Changes) -> None:
    (folder / "notes.txt").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "relay.cpython-311.pyc").write_text("x")
    (folder / "last.py").write_text("x")
    await until(lambda: "last.py" in names(changes))
    assert names(changes) == {"last.py"}


async def test_a_reload_that_fails_does_not_end_the_watch(tmp_path: Path) -> None:
    calls = 0

    def changed(paths: frozenset[Path]) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("cannot reload")

    number = 0

    def twice() -> bool:
        nonlocal number
        number += 1
        (tmp_path / "relay.py").write_text(str(number))
        return calls >= 2

    async with in_background(watch_code(tmp_path, changed, debounce_ms=50)):
        await until(twice)


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path, changes: Changes) -> None:
    with pytest.raises(NotADirectoryError, match="no such"):
        await watch_code(tmp_path / "no such", changes.append)


async def test_of_what_is_no_tree_only_the_folder_itself_is_watched(tmp_path: Path, changes: Changes) -> None:
    (tmp_path / "inner").mkdir()
    number = 0

    def seen() -> bool:
        nonlocal number
        number += 1
        (tmp_path / "inner" / "other.py").write_text(str(number))
        (tmp_path / "review.py").write_text(str(number))
        return len(changes) > 1

    async with in_background(watch_code(tmp_path, changes.append, tree=False, debounce_ms=50)):
        await until(seen)
    assert names(changes) == {"review.py"}
