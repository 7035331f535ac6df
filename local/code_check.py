"""Says at once what an edit of the functions' code breaks, and when it works again: a line each.

A file that is saved is compiled. Then a process of its own imports every handler, as the next event would. So an import
error is told too, though not what goes wrong when a function runs.
"""

import asyncio
import contextlib
import json
import sys
import warnings
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from local.aws.environment_variables import process_environment
from local.aws.function import FunctionSpec

# The handlers are imported for no function in particular.
NONE = FunctionSpec(name="code-check", handler="", timeout_seconds=1, memory_mb=128, environment={})
MANIFEST = "manifest.py"
ROWS = "the emulator keeps the rows that it read at its start: restart it, and the edit counts"
OWN = "the functions have the edit; the emulator itself uses this file, too, and has the edit after a restart"


def write_line(line: str) -> None:
    print(line, flush=True)


class CodeCheck:
    """`handlers` are those of the code below `root`; `loaded` are files of it that the emulator itself has imported.

    The files are named from `root` on.
    """

    def __init__(
        self,
        root: Path,
        handlers: Collection[str],
        *,
        loaded: Iterable[Path] = (),
        write: Callable[[str], None] = write_line,
    ) -> None:
        self._root = root
        self._handlers = sorted(set(handlers))
        self._write = write
        self._problems: dict[Path, str] = {}  # as they were told
        self._loaded = {path: path.read_bytes() for path in loaded}
        self._reminded: set[Path] = set()
        self._importing: asyncio.Task[None] | None = None

    def changed(self, paths: Iterable[Path]) -> None:
        """Tell what is broken by the edit of these files, and soon after what else is, or works again."""
        python = sorted(path for path in paths if path.suffix == ".py")
        for path in python:
            self._remind(path)
        self._tell(self._compiled([*python, *self._problems]))
        if self._importing is not None:
            self._importing.cancel()
        self._importing = asyncio.get_running_loop().create_task(self._import())

    async def stop(self) -> None:
        """Return when no process is left."""
        if self._importing is not None:
            self._importing.cancel()
            await asyncio.wait([self._importing])

    def _remind(self, path: Path) -> None:
        """Say that the emulator does not have the edit, of the manifest each time, of another file once."""
        before = self._loaded.get(path)
        is_manifest = path.name == MANIFEST
        if before is None or before == _read(path) or (path in self._reminded and not is_manifest):
            return
        self._reminded.add(path)
        self._write(f"{self._name(path)}: {ROWS if is_manifest else OWN}")

    def _compiled(self, paths: Iterable[Path]) -> dict[Path, str]:
        found = ((path, syntax_error(path)) for path in paths)
        return {path: f"{self._name(path)}:{problem}" for path, problem in found if problem is not None}

    async def _import(self) -> None:
        reports = await self._reports()
        found = {Path(one["path"]): one for one in reversed(reports)}  # the first of a file's counts
        problems = {path: f"{self._name(path)}:{one['line']}: {one['problem']}" for path, one in found.items()}
        # A file that no handler imports may be broken, too.
        problems |= self._compiled(self._problems)
        mended = [path for path in self._problems if path not in problems]
        self._tell(problems)
        for path in mended:
            del self._problems[path]
            if path.exists():
                self._write(f"{self._name(path)} works again")

    async def _reports(self) -> list[dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(Path(__file__).with_name("import_handlers.py"))),
            *(str(self._root), *self._handlers),
            cwd=self._root,
            env=process_environment(NONE, root=self._root, runtime_api=""),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
        try:
            output, _ = await process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        try:
            reports: list[dict[str, Any]] = json.loads(output)
        except ValueError:  # the process was ended by what it imported; the next event will say so
            return []
        return reports

    def _tell(self, problems: Mapping[Path, str]) -> None:
        for path, line in problems.items():
            if self._problems.get(path) != line:
                self._problems[path] = line
                self._write(line)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._root) if path.is_relative_to(self._root) else path)


def syntax_error(path: Path) -> str | None:
    """`12: SyntaxError: what is wrong`, if the file cannot be compiled; None if it can, or is gone."""
    source = _read(path)
    if source is None:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{error.lineno or 1}: {type(error).__name__}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:  # zero bytes; too deep
        return f"1: {type(error).__name__}: {error}"
    return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
