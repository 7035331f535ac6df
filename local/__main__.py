"""The command line: `python -m local COMMAND`."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from functions.settings import SettingsError
from local.app import AddressInUse, Emulator
from local.deployment import check
from local.options import Options
from local.servers.process import ServerFailed
from local.tools import export, token

USAGE = """usage: python -m local COMMAND [OPTION...]

commands:
  up     run the live rooms on this machine until Ctrl-C
  estimate
         what an event costs a month on AWS, and which quota binds first
  export write out what is kept of a room, as JSON lines or CSV
  load   fill rooms anywhere with simulated viewers and measure what reaches them
  smoke  walk every path of the rooms with two viewers, and tell what is wrong
  token  print a token for AUTH_MODE=token

python -m local COMMAND --help tells a command's options."""


def main(arguments: Sequence[str] = sys.argv[1:]) -> int:
    """Run a command; returns the exit status: 0, 1 for a failure, 2 for wrong arguments."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        problem = f"there is no command {arguments[0]!r}" if arguments else "a command is missing"
        print(f"{problem}\n\n{USAGE}", file=sys.stderr)
        return 2
    return command(arguments[1:])


def up(arguments: Sequence[str]) -> int:
    """Run the emulator until SIGINT or SIGTERM."""
    program = "python -m local up"
    options = Options.parse(arguments, os.environ, program=program)
    try:
        check(options, os.environ)
    except SettingsError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        run(_until_told(_up(options)))
    except (AddressInUse, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def load(arguments: Sequence[str]) -> int:
    """Simulate viewers; see docs/load.md."""
    from local.tools.load.command import load as run_load

    return run_load(arguments)


def smoke(arguments: Sequence[str]) -> int:
    """Try out rooms, deployed or here; see docs/smoke.md."""
    from local.tools.smoke.command import main as run_smoke

    return run_smoke(arguments)


def estimate(arguments: Sequence[str]) -> int:
    """Estimate costs; see docs/cost.md."""
    from local.tools.estimate.command import main as run_estimate

    return run_estimate(arguments)


async def _up(options: Options) -> None:
    print("starting Redis, Kafka, moto and the gateway ...", flush=True)
    async with Emulator(options) as emulator:
        print(welcome(emulator.address, options.auth_mode), flush=True)
        await asyncio.Event().wait()


def welcome(address: str, auth_mode: str) -> str:
    """Where everything is, and in token mode how to come in."""
    port = address.rpartition(":")[2]
    token = f"""
  a token          PORT={port} .venv/bin/python -m local token --activity 42 --user alice --name Alice
                   for the page ?room=42#token=..., for a WebSocket &token=... or the subprotocol bearer...."""
    return f"""
  page             http://{address}/
  WebSocket        ws://{address}/websocket?activityId=42&username=alice
                   ws://{address}/websocket/42/alice
  connections API  http://{address}/websocket/@connections/{{connectionId}}
  HTTP API         http://{address}/api/docs
  health           http://{address}/_local/health{token if auth_mode == "token" else ""}

Ready. Edits under functions/ are picked up at once; Ctrl-C ends it."""


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`, cancelled by the first SIGINT or SIGTERM, and wait until it has cleaned up."""
    task = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run in an event loop: uvloop's where there is one."""
    try:
        import uvloop
    except ImportError:  # not on Windows
        asyncio.run(work)
    else:
        uvloop.run(work)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "up": up,
    "estimate": estimate,
    "export": export.main,
    "load": load,
    "smoke": smoke,
    "token": token.main,
}

if __name__ == "__main__":
    sys.exit(main())
