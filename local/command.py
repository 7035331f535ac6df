"""`python -m local`."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Sequence

from functions.runtime.settings import SettingsError
from local.app import AddressInUse, Emulator
from local.deployment import BadSchedule, check
from local.options import Options
from local.repeated_lines import RepeatedLines
from local.servers.process import ServerFailed
from tools.event_loop import run_until_signal

PROGRAM = "python -m local"


def main(arguments: Sequence[str] = sys.argv[1:]) -> int:
    """Run the emulator until SIGINT or SIGTERM; returns the exit status.

    0: it was up, and is no more; 130 and 143: SIGINT or SIGTERM came before it was up; 1: a failure; 2: wrong
    arguments.
    """
    options = Options.parse(arguments, os.environ, program=PROGRAM)
    try:
        check(options, os.environ)
    except (BadSchedule, SettingsError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", handlers=[RepeatedLines()])
    is_up = threading.Event()
    try:
        ended_by = run_until_signal(_run(options, is_up))
    except (AddressInUse, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if ended_by is None or is_up.is_set() else 128 + ended_by


async def _run(options: Options, is_up: threading.Event) -> None:
    print("starting Redis, Kafka, moto and the gateway ...", flush=True)
    try:
        async with Emulator(options) as emulator:
            print(welcome(emulator.address, options.auth_mode), flush=True)
            is_up.set()
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if sys.stdout.isatty():
            print("\nended", flush=True)
        raise


def welcome(address: str, auth_mode: str) -> str:
    """Every address, and in token mode how to get a token."""
    port = address.rpartition(":")[2]
    token = f"""
  a token          PORT={port} .venv/bin/python -m tools token --activity 42 --user alice --name Alice
                   for the page ?room=42#token=..., for a WebSocket &token=... or the subprotocol bearer...."""
    return f"""
  page             http://{address}/
  console          http://{address}/console
  WebSocket        ws://{address}/websocket?activityId=42&username=alice
                   ws://{address}/websocket/42/alice
  connections API  http://{address}/websocket/@connections/{{connectionId}}
  HTTP API         http://{address}/api/docs
  health           http://{address}/_local/health{token if auth_mode == "token" else ""}

Ready. Edits under functions/ are picked up at once, those of manifest.py by a restart; Ctrl-C ends it."""
