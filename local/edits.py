"""Picks up edits of the functions' code: the next event runs it as it is then, and a line says what is broken."""

import sys
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.aws.code_watch import watch_code
from local.aws.function import FunctionSpec
from local.aws.lambda_runtime import LambdaRuntime
from local.background import in_background
from local.code_check import CodeCheck


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code of some functions: the `folder` that is watched, with the folders in it if it is a `tree`, and the
    folder that imports begin at."""

    folder: Path
    root: Path
    functions: Collection[FunctionSpec]
    tree: bool = True


def loaded_below(folder: Path) -> list[Path]:
    """The files of the folder that this process has imported."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [Path(file) for file in files if file is not None and Path(file).is_relative_to(folder)]


@asynccontextmanager
async def picked_up(code: Code, runtime: LambdaRuntime, *, look_at: Iterable[Path] = ()) -> AsyncIterator[None]:
    """Pick edits up until the block ends; of the files `look_at` it is said at once if they are broken."""
    names = frozenset(spec.name for spec in code.functions)
    check = CodeCheck(code.root, [spec.handler for spec in code.functions], loaded=loaded_below(code.folder))

    def changed(paths: frozenset[Path]) -> None:
        runtime.replace_environments(names)
        check.changed(paths)

    try:
        async with in_background(watch_code(code.folder, changed, tree=code.tree)):
            if first := frozenset(look_at):
                check.changed(first)
            yield
    finally:
        await check.stop()
