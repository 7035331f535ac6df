"""The first program in an execution environment: makes it end with the emulator, then runs the function.

At SIGUSR1, which comes when the function's time is up, the process writes where it hangs, and ends. Its output then has
the stack of every thread, whatever the threads do, and the awaits of every asyncio task, unless the main thread is
inside of C code for good.

It runs as a file, `python -P sandbox.py PARENT_PID CLIENT HANDLER`, so that nothing of the emulator is on the
function's import path, or in a fork of warm_parent.py. CLIENT is `awslambdaric` (AWS's own) or `python`
(runtime_client.py beside this file).
"""

import faulthandler
import gc
import os
import runpy
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # linux/prctl.h


def die_with(parent: int) -> None:
    """Make the kernel kill this process, frozen or not, when `parent` is gone. Linux only.

    Elsewhere, a running environment ends when the connection of its `next` breaks. A frozen one ends because an
    orphaned process group with stopped members gets SIGHUP.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before prctl was called
        os._exit(1)


def take_the_name(name: str) -> None:
    """What `top` and `ps -o comm` show, up to 15 bytes. Linux only."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def tell_where_it_hangs() -> None:
    """Write the stacks at SIGUSR1. It costs nothing before."""
    output = os.dup(2)  # the function may close its own

    def write_tasks(number: int, frame: FrameType | None) -> None:
        try:
            os.write(output, "".join(f"{line}\n" for line in _tasks()).encode("utf-8", "backslashreplace"))
        finally:
            os.kill(os.getpid(), signal.SIGKILL)

    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, write_tasks)
        # This one needs no interpreter: a thread that never lets go of it is told of, too.
        faulthandler.register(signal.SIGUSR1, output, all_threads=True, chain=True)


def _tasks() -> Iterator[str]:
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None:
        return
    for task in [one for one in gc.get_objects() if issubclass(type(one), asyncio.Task) and not one.done()]:
        yield f"Task {task.get_name()!r} (most recent call last):"
        awaited: Any = task.get_coro()
        while awaited is not None:
            for kind in ("cr", "gi", "ag"):
                frame = getattr(awaited, f"{kind}_frame", None)
                if frame is not None:
                    yield f'  File "{frame.f_code.co_filename}", line {frame.f_lineno} in {frame.f_code.co_name}'
            following = (getattr(awaited, name, None) for name in ("cr_await", "gi_yieldfrom", "ag_await"))
            awaited = next((one for one in following if one is not None), None)


def main(arguments: list[str]) -> None:
    parent, client, handler = arguments
    tell_where_it_hangs()
    if hasattr(os, "setpgid"):
        # A process group of its own: Ctrl-C goes to the emulator alone, and what a function starts ends with it.
        os.setpgid(0, 0)
    die_with(int(parent))
    take_the_name(os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    sys.argv = [sys.argv[0], handler]
    if client == "awslambdaric":
        runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(str(Path(__file__).with_name("runtime_client.py")), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
