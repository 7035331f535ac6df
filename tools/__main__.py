"""The command line: `python -m tools COMMAND`."""

import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from tools.failure import Failure
from tools.interruption import Terminated, end_quietly, raise_interrupts
from tools.nearest import did_you_mean
from tools.version import version

USAGE = """usage: python -m tools COMMAND [OPTION...]

commands:
  erase     remove what is stored of a user over all rooms
  estimate  what an event costs a month on AWS, and which quota binds first
  export    write out what is kept of a room or a user, as JSON lines or CSV
  load      fill rooms anywhere with simulated viewers and measure what reaches them
  preflight ask an account what a stage needs, before it is deployed
  smoke     walk every path of the rooms with two viewers, and tell what is wrong
  token     print a token for AUTH_MODE=token

python -m tools COMMAND --help lists a command's options, python -m tools --version tells the version."""

# A command is imported when it is run: a tool loads only what it uses.
COMMANDS = {
    "erase": "tools.erase.command",
    "estimate": "tools.estimate.command",
    "export": "tools.export.command",
    "load": "tools.load.command",
    "preflight": "tools.preflight.command",
    "smoke": "tools.smoke.command",
    "token": "tools.token",
}


def main(arguments: Sequence[str] = sys.argv[1:], environment: Mapping[str, str] = os.environ) -> int:
    """Run a command; returns the exit status.

    0; 1 for a failure; 2 for wrong arguments; 130 and 143 when SIGINT or SIGTERM interrupted it.
    """
    try:
        return _run(arguments, environment)
    except Failure as reason:
        print(f"python -m tools {arguments[0]}: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        end_quietly()
        return 128 + (signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        if arguments and arguments[0] in ("-h", "--help"):
            print(USAGE)
            return 0
        if arguments and arguments[0] == "--version":
            print(version())
            return 0
        module = COMMANDS.get(arguments[0]) if arguments else None
        if module is None:
            near = did_you_mean(arguments[0], COMMANDS) if arguments else ""
            problem = f"there is no command {arguments[0]!r}{near}" if arguments else "a command is missing"
            print(f"{problem}\n\n{USAGE}", file=sys.stderr)
            return 2
        command = importlib.import_module(module)
        raise_interrupts()
        status: int = command.main(arguments[1:], environment)
        return status
    finally:
        # Python itself would complain about a closed pipe when it ends.
        print(end="", flush=True)


if __name__ == "__main__":
    end_quietly()
    status = main()
    if status > 128:
        os._exit(status)  # a thread that still waits for an answer is not waited for
    sys.exit(status)
