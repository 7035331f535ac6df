"""The command line: `python -m bench [NAME...] [--quick]`."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from bench.result import BenchFailed, Result, write
from local.servers.process import ServerFailed

# Name -> what it measures; the module has the name, with underscores. In the order in which they run.
BENCHES: Mapping[str, str] = {
    "posts": "CPU and wall time per POST, against boto3",
    "room": "POSTs per viewer in the reference room, against one POST per event",
    "frames": "CPU per delivered frame in rooms of 100 to 10,000 seats",
    "round-trips": "Redis round trips of each function and of a tick",
    "memory": "Redis memory per seat",
    "words": "looking for the sensitive words in a chat",
    "archive": "CPU, requests and write units to store 1,000 records of a room",
    "cold-start": "process start to first event of each function, against importing boto3",
    "latency": "from chat sent to chat seen, with window 0 and 500 ms",
    "emulator": "events/s and POSTs/s through the whole emulator, up to 5,000 viewers",
}
DIRECTORY = Path(".bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benches, all by default; returns the exit status: 0, 1 for a failure, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure what the design promises in figures, side by side.",
        epilog="\n".join(f"  {name:12} {about}" for name, about in BENCHES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; by default all of it")
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute in all; too small to quote")
    parser.add_argument("--output", type=Path, default=DIRECTORY, help="directory of the JSON files (%(default)s)")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHES]:
        print(f"there is no bench {unknown[0]!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    try:
        run(options.names or list(BENCHES), quick=options.quick, output=options.output)
    except (BenchFailed, ServerFailed) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def run(names: Sequence[str], *, quick: bool, output: Path) -> None:
    """Run these and write `NAME.json` for each and `all.json` for the whole run."""
    whole = {}
    for name in names:
        started = time.monotonic()
        result = load(name)(quick=quick)
        print(f"{result}\n\n[{name} took {time.monotonic() - started:.0f} s]\n", flush=True)
        whole[name] = {"name": name, "quick": quick, **result.to_json()}
        write(output / f"{name}.json", whole[name])
    write(output / "all.json", whole)


def load(name: str) -> Callable[..., Result]:
    """The `bench` function of the module; imported late, so that no bench runs beside what only another one needs."""
    measure: Callable[..., Result] = import_module(f"bench.{name.replace('-', '_')}").bench
    return measure


if __name__ == "__main__":
    sys.exit(main())
