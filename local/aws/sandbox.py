"""Runs first in an execution environment: ties its life to the emulator's, then runs the function.

Run as a file, `python -P sandbox.py PARENT_PID CLIENT HANDLER`, so that nothing of the emulator is on the
function's import path. CLIENT is `awslambdaric` (AWS's own) or `python` (runtime_client.py beside this file).
"""

import os
import runpy
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int) -> None:
    """Have the kernel kill this process, frozen or not, once `parent` is gone. Linux only.

    Elsewhere a running environment ends when its `next` connection drops, and a frozen one because a
    process group that is orphaned with stopped members gets SIGHUP.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before prctl was called
        os._exit(1)


def main(arguments: list[str]) -> None:
    """Never returns normally: the runtime client serves events until it is killed."""
    parent, client, handler = arguments
    if hasattr(os, "setpgid"):
        # A group of its own: Ctrl-C goes to the emulator alone, and what a function starts ends with it.
        os.setpgid(0, 0)
    die_with(int(parent))
    sys.argv = [sys.argv[0], handler]
    if client == "awslambdaric":
        runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(str(Path(__file__).with_name("runtime_client.py")), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
