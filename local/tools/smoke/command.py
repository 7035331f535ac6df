"""`python -m local smoke`."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from local.tools.event_loop import run
from local.tools.smoke.cause import Failed
from local.tools.smoke.options import SmokeOptions
from local.tools.smoke.passes import NoPass, passes
from local.tools.smoke.platform import Platform
from local.tools.smoke.walk import Walk

Outcome = dict[str, Any]


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Walk through the rooms; returns 0, 1 when a step failed or nobody can be let in, and 130 when broken off. Wrong
    arguments end the program with 2."""
    options = SmokeOptions.parse(arguments, environment)
    lines = sys.stderr if options.json else sys.stdout
    try:
        outcome = run(smoke(options, lines))
    except NoPass as reason:
        print(f"python -m local smoke: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(outcome, indent=2))
    return 0 if outcome["ok"] else 1


async def smoke(options: SmokeOptions, lines: TextIO) -> Outcome:
    """Take the steps until one fails, a line for each; the outcome as JSON. Raises NoPass."""
    entrance = passes(options)
    platform = Platform(options.api, await entrance.platform())
    walk = Walk(options, entrance, platform)
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
                likely = {"name": failure.cause.name, "check": failure.cause.check}
                return outcome | {"ok": False, "cause": likely}
    finally:
        await walk.end()
    return outcome
