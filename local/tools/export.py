"""`python -m local export`: what is kept of a room, as lines in the order of seq.

It reads the table itself: that of the emulator on this machine, which tells where it is, or a deployed one, which takes
AWS credentials that may query it.
"""

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from functions.adapters.archive_table import ArchiveTable
from functions.adapters.dynamodb import TableUnavailable, dynamodb_client
from functions.rooms.archive import Kind, Stored
from functions.rooms.identity import Malformed, parse_activity_id
from local.parser import Parser
from local.tools.emulator import NotHere, host_and_port
from local.tools.export_lines import CsvLines, JsonLines, Lines
from local.tools.export_place import NoArchive, Place, emulators_place
from local.tools.export_progress import Progress
from local.tools.patient_client import PatientClient

PROGRAM = "python -m local export"
# Chat and notices to all, private chat, and everything else that has a seq.
PUBLIC: tuple[Kind, ...] = ("m", "e")
ALL: tuple[Kind, ...] = ("m", "p", "e")
BROKEN_OFF = 130
FORMATS: Mapping[str, type[Lines]] = {"jsonl": JsonLines, "csv": CsvLines}


class NoFile(Exception):
    """The file cannot be written; the message says why."""


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Export a room; returns 0, 1 for a failure, 130 when broken off, and ends the program with 2 for wrong
    arguments."""
    options = parsed(arguments, environment)
    try:
        asyncio.run(export(options))
    except (NoArchive, NoFile, TableUnavailable) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
        return 1
    except KeyboardInterrupt:
        return BROKEN_OFF
    return 0


def parsed(arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    """The options, `activity` as an integer, `emulator` as host and port unless there is a `table`."""
    parser = _parser(environment)
    options = parser.parse_args(arguments)
    try:
        options.activity = parse_activity_id(options.activity)
        if not options.table:
            url = options.url or f"http://{parser.emulator(environment)}"
            options.emulator = host_and_port(url, otherwise="name the stack's table with --table")
    except Malformed as malformed:
        parser.refuse(malformed, {"activityId": "--activity"})
    except NotHere as wrong:
        parser.error(f"--url: {wrong}")
    return options


def _parser(environment: Mapping[str, str]) -> Parser:
    parser = Parser(
        PROGRAM,
        description="Export what is kept of a room: chat, notices, moderation, joins and leaves, in order.",
        epilog="docs/export.md tells what is in the lines.",
    )
    parser.add_argument("--activity", required=True, metavar="ID", help="the room")
    parser.add_argument("--format", choices=sorted(FORMATS), default="jsonl", help="default: jsonl")
    parser.add_argument("--private", action="store_true", help="private chats too, which the API never lists")
    parser.add_argument(
        "--output", metavar="FILE", help="where to, replaced when all is written (default: standard output)"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help="the emulator whose rooms they are (default: http://127.0.0.1:8000, or at PORT)")
    where.add_argument("--table", metavar="NAME", help="of a deployed room: the stack's output ArchiveTable")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    parser.add_argument("--region", default=region, help=f"the table's region (default: {region})")
    return parser


async def export(options: argparse.Namespace) -> None:
    """Write what the options say; raises NoArchive, NoFile, TableUnavailable."""
    place = Place(options.table, options.region) if options.table else emulators_place(*options.emulator)
    client = partial(dynamodb_client, place.region, **place.client_options)
    table = ArchiveTable(lambda: PatientClient(client()), place.table)
    newest, _ = await table.messages(options.activity, None, 1)
    last = newest[0].event.seq if newest else None
    lines = FORMATS[options.format]()
    # What is written to the terminal itself would be torn apart by a bar.
    quiet = options.output is None and sys.stdout.isatty()
    with written(options.output) as file, Progress(sys.stderr, last, quiet=quiet) as progress:
        events = table.events(options.activity, *(ALL if options.private else PUBLIC))
        count = await write(events, lines, file, progress)
    if not count:
        print(f"nothing is kept of room {options.activity}", file=sys.stderr)


async def write(events: AsyncIterator[Stored], lines: Lines, file: BinaryIO, progress: Progress) -> int:
    """Write each event as it comes; returns how many there were."""
    count = 0
    file.write(lines.head())
    async for stored in events:
        file.write(lines.line(stored))
        count += 1
        progress.show(count, stored.event.seq or 0)
    file.flush()
    return count


@contextlib.contextmanager
def written(output: str | None) -> Iterator[BinaryIO]:
    """Where to write. A file is there, or replaced, once all has been written, and not before."""
    if output is None:
        yield sys.stdout.buffer
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        raise NoFile(f"--output {output}: that is no file")
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise NoFile(f"--output {output}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
