"""The command line: `python -m local` runs the emulator."""

import os
import sys

from tools.interruption import end_quietly

if __name__ == "__main__":
    end_quietly()  # the imports alone take a second
    from local.command import main

    status = main()
    sys.stdout.flush()
    os._exit(status)  # nothing is left to clean up, and Python's own end takes a while, in which Ctrl-C may come
