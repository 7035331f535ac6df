"""Imports handlers as a new execution environment would, and tells what cannot be imported, as JSON.

It runs as a file, `python -P import_handlers.py ROOT HANDLER...`, so nothing of the emulator is on the import path.
Prints a list of {"path", "line", "problem"}; "path" is below ROOT if any of the code in question is.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

# Long enough for a busy machine: what takes longer hangs.
IMPORT_SECONDS = 30


class Hangs(BaseException):
    """An import does not end. No module can catch it by mistake."""


def main(root: Path, handlers: list[str]) -> None:
    """Print the problems, whatever the modules print themselves."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.nice(10)  # the emulator goes on
    signal.signal(signal.SIGALRM, _expire)
    problems = [found for handler in handlers for found in _problems(root, handler)]
    json.dump(problems, output)
    output.flush()
    os._exit(0)  # threads that a module has started do not matter


def _expire(number: int, frame: FrameType | None) -> None:
    raise Hangs(f"the import takes longer than {IMPORT_SECONDS} s")


def _problems(root: Path, handler: str) -> Iterator[dict[str, Any]]:
    module, _, attribute = handler.rpartition(".")
    signal.alarm(IMPORT_SECONDS)
    try:
        loaded = importlib.import_module(module)
        if not hasattr(loaded, attribute):
            yield {"path": str(loaded.__file__), "line": 1, "problem": f"there is no {attribute!r} in it"}
    except SyntaxError as error:
        if error.filename:  # else zero bytes, which whoever compiles the file itself can place
            text = f"{type(error).__name__}: {error.msg}"
            yield {"path": error.filename, "line": error.lineno or 1, "problem": text}
    except BaseException as error:
        frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        own = [frame for frame in frames if Path(frame[0]).is_relative_to(root)]
        path, line = own[-1] if own else (str(root.joinpath(*module.split(".")).with_suffix(".py")), 1)
        text = " ".join(str(error).split())
        yield {"path": path, "line": line or 1, "problem": f"{type(error).__name__}: {text}"}
    finally:
        with contextlib.suppress(Hangs):
            signal.alarm(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
