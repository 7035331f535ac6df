"""`python -m tools export`: what is kept of a room, as lines in the order of seq, or the report of its show.

It reads the table itself: that of the emulator on this machine, which tells where the table is, or a deployed one, with
AWS credentials that may query it.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from functions.adapters.aws.client import SessionCredentials
from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.reports import Reports
from functions.adapters.dynamodb.table import Table, TableUnavailable
from functions.adapters.dynamodb.user_items import UserItems
from functions.rooms.archive import Kind, Stored
from functions.rooms.identity import Malformed, parse_activity_id, parse_user_id
from functions.rooms.report import DEFAULT_MS, Range
from tools.export.lines import CSV_LINES, JSON_LINES, Format
from tools.export.report import REPORTS, moment
from tools.export.user import write_user
from tools.failure import Failure
from tools.json_http import NobodyThere, NotHere, asked, host_and_port
from tools.parser import REGION, Parser, one_of, option
from tools.progress import Progress

# Chat and notices to all, private chat, and everything else that has a seq.
PUBLIC: tuple[Kind, ...] = ("m", "e")
ALL: tuple[Kind, ...] = ("m", "p", "e")
FORMATS: Mapping[str, Format] = {"jsonl": JSON_LINES, "csv": CSV_LINES}
# A function has seconds for an answer, and fails fast. An export has all the time there is.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
# moto checks no credentials, and is not shown those of the person who exports.
ANY_KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """A room, or all that is stored of a `user`. Of a deployed one the `table`, or of an emulator's the `url`."""

    activity: str | None = option("the room", default=None, metavar="ID", group="what")
    user: str | None = option(
        "all that is stored of this userId over all rooms, as jsonl", default=None, metavar="ID", group="what"
    )
    format: str = option("jsonl or csv", one_of(*FORMATS), "jsonl")
    private: bool = option("private chats too, which the API never lists", default=False)
    report: bool = option("the report of a show instead", default=False)
    since: int | None = option("where the report begins", moment, None, metavar="TIME", shown="a day before --until")
    until: int | None = option("where the report ends", moment, None, metavar="TIME", shown="now")
    output: str | None = option(
        "where to, replaced when all is written", default=None, metavar="FILE", shown="standard output"
    )
    url: str | None = option(
        "the emulator whose rooms they are", default=None, shown="http://127.0.0.1:8000, or at PORT", group="where"
    )
    table: str | None = option(
        "of a deployed room: the stack's output ArchiveTable", default=None, metavar="NAME", group="where"
    )
    region: str = option("the table's region", default="us-east-1")


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Export a room; raises Failure. Wrong arguments end the program with 2."""
    parser = Parser(
        "python -m tools export",
        description="Export what is kept of a room: chat, notices, moderation, joins and leaves, in order. Or, with "
        "--report, the report of a show.",
        epilog="docs/export.md tells what is in the lines.",
    )
    options = ExportOptions(**parser.given(ExportOptions, arguments, environment, REGION))
    try:
        what, minutes = _what(parser, options), reported(parser, options)
        if options.table:
            name, client = options.table, deployed(options.region)
        else:
            url = options.url or f"http://{parser.emulator(environment)}"
            name, client = emulators(*host_and_port(url, otherwise="name the stack's table with --table"))
        asyncio.run(
            export_report(what, minutes, options, name, client)
            if minutes is not None and isinstance(what, int)
            else export(what, options, name, client)
        )
    except Malformed as malformed:
        parser.refuse(malformed, {"activityId": "--activity", "userId": "--user"})
    except NotHere as wrong:
        parser.error(f"--url: {wrong}")
    except TableUnavailable as error:
        raise Failure(str(error)) from None
    return 0


def reported(parser: Parser, options: ExportOptions) -> Range | None:
    """The minutes of the report; None if the options ask for no report. Wrong ones end the program with 2."""
    if not options.report:
        if options.since is not None or options.until is not None:
            parser.error("--since and --until are for --report")
        return None
    if options.private:
        parser.error("--private: a report counts no private chats")
    until = options.until if options.until is not None else time.time_ns() // 1_000_000
    try:
        return Range.around(options.since if options.since is not None else max(0, until - DEFAULT_MS), until)
    except ValueError as wrong:
        parser.error(f"--since and --until: {wrong}")


async def export_report(
    activity_id: int, minutes: Range, options: ExportOptions, name: str, client: DynamoDbApi
) -> None:
    """Write the report of these minutes; raises Failure, TableUnavailable."""
    try:
        report = await Reports(client, name).read(activity_id, minutes)
    finally:
        await client.close()
    with written(options.output) as file:
        file.write(REPORTS[options.format](report.to_object(activity_id)))
        file.flush()
    if not report.curve:
        print(f"nothing is kept of room {activity_id} in this time", file=sys.stderr)


def _what(parser: Parser, options: ExportOptions) -> int | str:
    """The room, or the user; raises Malformed. Ends the program if there is neither."""
    if options.activity is not None:
        return parse_activity_id(options.activity)
    if options.user is None:
        parser.error("the following arguments are required: --activity or --user")
    given = {"--format": options.format != "jsonl", "--private": options.private, "--report": options.report}
    for option_ in (name for name, is_given in given.items() if is_given):
        parser.error(f"{option_}: it is for a room: with --user everything is written, as jsonl")
    return parse_user_id(options.user)


def deployed(region: str) -> DynamoDbApi:
    """The client of deployed tables, with the person's own credentials, and led elsewhere as boto3 would be."""
    url = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "")
    return DynamoDbApi(SessionCredentials(), region=region, url=url, pauses=PAUSES)


def emulators(host: str, port: int) -> tuple[str, DynamoDbApi]:
    """The name of the emulator's table, and its client; raises Failure."""
    try:
        status, answer = asked(host, port, "/_local/archive")
    except NobodyThere as nobody:
        raise Failure(f"{nobody}: start it with `make dev`, or name it with --url") from None
    if not all(isinstance(answer.get(name), str) for name in ("table", "endpoint", "region")):
        raise Failure(answer.get("message") or f"http://{host}:{port} answers {status}: is that an emulator?")
    place = {"region": answer["region"], "url": answer["endpoint"]}
    return answer["table"], DynamoDbApi(CredentialSource(ANY_KEYS), pauses=PAUSES, **place)


async def export(what: int | str, options: ExportOptions, name: str, client: DynamoDbApi) -> None:
    """Write what the options say of a room, or of the user with this userId; raises Failure, TableUnavailable."""
    # A bar on the terminal that the lines go to would tear them apart.
    quiet = options.output is None and sys.stdout.isatty()
    try:
        if isinstance(what, str):
            with written(options.output) as file, Progress(sys.stderr, quiet=quiet) as progress:
                count = await write_user(what, UserItems(Table(client, name)), file, progress)
        else:
            count = await _export_room(what, options, ArchiveTable(client, name), quiet=quiet)
    finally:
        await client.close()
    if not count:
        print(f"nothing is kept of {'user' if isinstance(what, str) else 'room'} {what}", file=sys.stderr)


async def _export_room(activity_id: int, options: ExportOptions, table: ArchiveTable, *, quiet: bool) -> int:
    found, _ = await table.messages(activity_id, None, 1)
    newest = found[0].event.seq if found else None
    with written(options.output) as file, Progress(sys.stderr, quiet=quiet) as progress:
        events = table.events(activity_id, *(ALL if options.private else PUBLIC))
        return await write(events, FORMATS[options.format], file, progress, newest=newest)


async def write(
    events: AsyncIterator[Stored], lines: Format, file: BinaryIO, progress: Progress, *, newest: int | None
) -> int:
    """Write each event as it comes; returns how many there were.

    The number of events is not known without reading them all. So progress is told by their seq, of which `newest` is
    that of the newest chat.
    """
    count, first = 0, None
    file.write(lines.head)
    async for stored in events:
        file.write(lines.line(stored))
        count += 1
        seq = stored.event.seq or 0
        first = seq if first is None else first
        done = min(1.0, (seq - first) / (newest - first)) if newest is not None and newest > first else 0.0
        progress.show(done, f"{done:4.0%} {count:,} events")
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
        raise Failure(f"--output {output}: that is no file")
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise Failure(f"--output {output}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
