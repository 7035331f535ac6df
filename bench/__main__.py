"""The command line: `python -m bench [NAME...] [--quick]`."""

import argparse
import asyncio
import inspect
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bench.result import BenchFailed, Result, write
from local.servers.process import ServerFailed
from tools.nearest import did_you_mean
from tools.parser import Parser

# Name -> what it measures, in the order in which they run. The module has the name, with underscores. Its function
# `run` measures in full; with the arguments in QUICK it measures in small.
BENCHES: Mapping[str, str] = {
    "posts": "CPU and wall time per POST, against aiohttp, httpx and boto3",
    "room": "POSTs per viewer in the reference room, against one POST per event",
    "frames": "CPU per delivered frame in rooms of 100 to 10,000 seats",
    "gateway": "POSTs a second that the emulator takes on one core",
    "message": "CPU and wall time of a frame, above an empty handler's",
    "round-trips": "Redis round trips of each function and of a tick",
    "memory": "Redis memory per seat",
    "readers": "100,000 readers in the gallery for an hour: counts, Redis's memory, calls and CPU",
    "words": "looking for the sensitive words in a chat",
    "archive": "CPU, requests and write units to store 1,000 records of a room",
    "review": "a review of a chat by Lambda's API, against boto3",
    "cold-start": "process start to first event of each function, against importing boto3",
    "latency": "from chat sent to chat seen, with window 0 and 500 ms",
    "peers": "the whole emulator against a room on FastAPI and Redis pub/sub",
    "gallery": "readers through the whole emulator, against seats: origin requests, delay, CPU",
    "renewals": "CPU of a renewal of a reader's place, by each part of the emulator",
    "page": "frames a second that a browser draws of a busy room's page, against an empty one",
    "emulator": "events/s and POSTs/s through the whole emulator, up to 5,000 viewers",
}
DIRECTORY = Path(".bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benches, all by default. Returns the exit status: 0, 1 after a failure, 2 for invalid arguments."""
    parser = Parser(
        "python -m bench",
        description="Measure what the design promises in figures, side by side.",
        epilog="\n".join(f"  {name:12} {about}" for name, about in BENCHES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; by default all of it")
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute in all; too small to quote")
    parser.add_argument("--output", type=Path, default=DIRECTORY, help="directory of the JSON files (%(default)s)")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHES]:
        near = did_you_mean(unknown[0], BENCHES) or f"; there are {', '.join(BENCHES)}"
        print(f"there is no bench {unknown[0]!r}{near}", file=sys.stderr)
        return 2
    try:
        run(options.names or list(BENCHES), quick=options.quick, output=options.output)
    except (BenchFailed, ServerFailed) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def run(names: Sequence[str], *, quick: bool, output: Path) -> None:
    """Write `NAME.json` for each of these benches, and `all.json` for the whole run."""
    whole = {}
    for number, name in enumerate(names, 1):
        if sys.stderr.isatty():
            print(f"{number} of {len(names)}, {name}: {BENCHES[name]} ...", file=sys.stderr, flush=True)
        started = time.monotonic()
        result = measure(load(name), quick=quick)
        print(f"{result}\n\n[{name} took {time.monotonic() - started:.0f} s]\n", flush=True)
        whole[name] = {"name": name, "quick": quick, **result.to_json()}
        write(output / f"{name}.json", whole[name])
    write(output / "all.json", whole)


def load(name: str) -> ModuleType:
    """A bench's module. It is imported only now, so that no bench runs beside another one's imports."""
    return import_module(f"bench.{name.replace('-', '_')}")


def measure(bench: ModuleType, *, quick: bool) -> Result:
    """Run a bench, which may be a coroutine function."""
    outcome = bench.run(**bench.QUICK if quick else {})
    result: Result = asyncio.run(outcome) if inspect.iscoroutine(outcome) else outcome
    return result


if __name__ == "__main__":
    sys.exit(main())
