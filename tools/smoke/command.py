"""`python -m tools smoke`."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from tools.event_loop import run
from tools.failure import Failure
from tools.json_http import NobodyThere
from tools.smoke.cause import Failed
from tools.smoke.conform import conform
from tools.smoke.options import SmokeOptions
from tools.smoke.platform import Platform
from tools.smoke.room import TOKEN_SECONDS
from tools.smoke.walk import Walk
from tools.token_source import TokenSource, no_token, source_of

PLATFORM = {"activityId": None, "userId": "smoke", "caps": ["moderate", "publish", "admin"], "seconds": TOKEN_SECONDS}

Outcome = dict[str, Any]


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Walk through the rooms; returns 0, or 1 when a step failed. Raises Failure when there are no tokens.

    Wrong arguments end the program with 2.
    """
    options = SmokeOptions.parse(arguments, environment)
    try:
        lines = sys.stderr if options.json else sys.stdout
        outcome = run(conform(options, token_source(options), lines) if options.conform else smoke(options, lines))
    except NobodyThere as nobody:
        remedy = "start it with `make dev`, or name the rooms with --url and --api"
        raise Failure(f"nothing answers at {nobody.place}: {remedy}") from None
    if options.json:
        print(json.dumps(outcome, indent=2))
    return 0 if outcome["ok"] else 1


def token_source(options: SmokeOptions) -> TokenSource:
    """Where the viewers and the platform have their tokens from."""
    return no_token if options.open else source_of(options.url, options.secret, options.region)


async def smoke(options: SmokeOptions, lines: TextIO) -> Outcome:
    """Take the steps until one fails, a line for each; the outcome as JSON. Raises NoToken, NobodyThere."""
    source = token_source(options)
    walk = Walk(options, source, Platform(options.api, await source(PLATFORM)))
    outcome: Outcome = {"ok": True, "url": options.url, "api": options.api, "activityId": options.activity_id}
    outcome["steps"] = taken = []
    print(f"room {options.activity_id} at {options.url} and {options.api}", file=lines, flush=True)
    try:
        for name, step in walk.steps():
            began = time.monotonic()
            try:
                seen, failure = await step(), None
            except Failed as failed:
                seen, failure = str(failed), failed
            seconds = round(time.monotonic() - began, 3)
            taken.append({"name": name, "ok": failure is None, "seconds": seconds, "seen": seen})
            print(f"{'FAILED' if failure else 'ok':<6} {name:<13} {seconds:6.2f} s  {seen}", file=lines, flush=True)
            if failure is not None:
                print(f"\nlikely cause: {failure.cause.name}. {failure.cause.check}", file=lines, flush=True)
                return outcome | {"ok": False, "cause": asdict(failure.cause)}
    finally:
        await walk.end()
    return outcome
