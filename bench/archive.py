"""The cost of storing records: the archive's own code against a server that answers after 5 ms.

Two clients take turns: DynamoDbApi, which the function uses, and boto3 in threads.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from botocore import xform_name

from bench.post_run import ENVIRONMENT, REGION, cpu_seconds
from bench.result import Cell, Result, Target
from bench.saved_records import HEARTBEAT_SECONDS, a_second, batch
from bench.sink import running_sink
from functions.adapters.aws.client import ThreadedClient, aws_client
from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.aws.failure_queue import FailureQueue
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.table import Table
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.handlers import archive
from functions.manifest import FUNCTIONS
from functions.rooms.erasure import NONE, Erasures
from functions.runtime.entry import JsonObject
from functions.usecases.archiver import Archiver
from functions.usecases.erasures import KnownErasures
from functions.usecases.overwrites import Overwrites
from functions.usecases.repeats import Repeats

ANSWER_MS = 5
LARGE, SMALL = 100_000, 1_000
# A function with so many MB has one CPU, and one with fewer a share of it.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_A_CPU = 1769
LEAST_TIMES_CHEAPER, LEAST_TIMES_REAL, MOST_SHARE = 3, 2, 0.5

(MEMORY_MB,) = (row.memory_mb for row in FUNCTIONS if row.name == "archive")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A client, a room, and the size of its batches. A round has so many `batches`."""

    client: str
    viewers: int
    records: int
    batches: int

    @property
    def name(self) -> str:
        """The key of its figures."""
        return f"{self.client}, {self.viewers} viewers, batches of {self.records}"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What 1,000 records took: ms of CPU and of wall time, requests, and write units as AWS counts them."""

    cpu: float
    wall: float
    requests: float
    write_units: float

    @property
    def records_per_second(self) -> float:
        """The rate at which records are stored."""
        return 1_000_000 / self.wall


CASES = (
    Case(client="ours", viewers=LARGE, records=2000, batches=5),
    Case(client="boto3", viewers=LARGE, records=2000, batches=1),
    Case(client="ours", viewers=LARGE, records=1000, batches=10),
    Case(client="ours", viewers=LARGE, records=5000, batches=2),
    Case(client="ours", viewers=SMALL, records=267, batches=10),
)
QUICK: dict[str, Any] = {"cases": (replace(CASES[0], batches=1), replace(CASES[1], records=500)), "rounds": 1}
NAMES = {"ours": "DynamoDbApi", "boto3": "boto3 in threads"}


async def run(*, cases: Sequence[Case] = CASES, rounds: int = 3) -> Result:
    """The first case is compared with the others. The targets are about the first two."""
    with running_sink(delay_ms=ANSWER_MS) as url:
        spent = await _measure(cases, rounds, url.removesuffix("/websocket"))
    return Result(
        title=f"1,000 records of a room in the archive, a table that answers after {ANSWER_MS} ms",
        columns=("viewers", "batch", "client", "CPU ms", "CPU ×", "requests", "write units", "records/s", "× the room"),
        rows=[_row(case, spent[case], spent[cases[0]]) for case in cases],
        figures={
            "rounds": rounds,
            "answerMs": ANSWER_MS,
            "cases": {case.name: _figures(case, spent[case]) for case in cases},
        },
        targets=list(_targets(cases, spent)),
    )


async def _measure(cases: Sequence[Case], rounds: int, url: str) -> Mapping[Case, Spent]:
    """The medians of the rounds, each figure by itself."""
    written: list[int] = []
    clients = {"ours": _Counted(url, written), "boto3": _Boto3(url, written)}
    numbers = count(1)
    runs: dict[Case, list[Spent]] = {case: [] for case in cases}
    for round_ in range(rounds + 1):
        for case in cases:
            batches = [batch(case.viewers, case.records, numbers) for _ in range(case.batches)]
            spent = await _run(batches, _parts(clients[case.client]), written)
            if round_:  # the first opens the connections
                runs[case].append(spent)
    await clients["ours"].close()
    return {case: _median(some) for case, some in runs.items()}


async def _run(batches: Sequence[JsonObject], parts: Archiver, written: list[int]) -> Spent:
    written.clear()
    cpu, wall = cpu_seconds(), time.perf_counter()
    for raw in batches:
        done = await archive.main(raw, parts)
        assert done == {"batchItemFailures": []}, done
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    thousands = sum(len(records) for raw in batches for records in raw["records"].values()) / 1000
    return Spent(
        cpu=1000 * cpu / thousands,
        wall=1000 * wall / thousands,
        requests=len(written) / thousands,
        write_units=sum(written) / thousands,
    )


def _median(runs: Sequence[Spent]) -> Spent:
    return Spent(**{one.name: median(getattr(spent, one.name) for spent in runs) for one in fields(Spent)})


def _parts(client: DynamoDbApi) -> Archiver:
    table = ArchiveTable(client, "rooms")
    return Archiver(
        table=table,
        repeats=Repeats(table),
        overwrites=Overwrites(table),
        erasures=KnownErasures(_NoErasures(Table(client, "rooms"))),
        totals=WatchTotals(client, "rooms"),
        queue=FailureQueue(lambda: None, ""),
        days=400,
        partial_responses=True,
    )


class _NoErasures(ErasureList):
    """The server knows no items. A process reads the list every ten seconds, which is nothing beside its writes."""

    async def read(self) -> Erasures:
        return NONE


class _Counted(DynamoDbApi):
    """Appends the write units of each request to `written`."""

    def __init__(self, url: str, written: list[int]) -> None:
        super().__init__(CredentialSource(ENVIRONMENT), region=REGION, url=url)
        self._written = written

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._written.append(write_units(operation, parameters))
        return await super().call(operation, parameters)


class _Boto3(_Counted):
    """The same API, called by boto3 in threads."""

    def __init__(self, url: str, written: list[int]) -> None:
        super().__init__(url, written)
        keys: dict[str, Any] = {name.lower(): value for name, value in ENVIRONMENT.items()}
        make = partial(aws_client, "dynamodb", REGION, connect_seconds=1, answer_seconds=3, endpoint_url=url, **keys)
        self._threaded = ThreadedClient(make)

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._written.append(write_units(operation, parameters))
        return await self._threaded.call(xform_name(operation), **parameters)


def write_units(operation: str, parameters: Mapping[str, Any]) -> int:
    """AWS's count for a request whose items have at most 1 KB. A user's watch time, which is in an index, counts three
    times: the item itself, and the old and the new entry of the index. An item with a user is in the index of users,
    too. A read takes none."""
    if operation in ("BatchGetItem", "Query"):
        return 0
    if operation == "BatchWriteItem":
        puts = [put["PutRequest"]["Item"] for some in parameters["RequestItems"].values() for put in some]
        return sum(2 if "userId" in item else 1 for item in puts)
    is_in_index = (
        parameters["Key"]["sk"]["S"].startswith("u#") and ":seconds" in parameters["ExpressionAttributeValues"]
    )
    return 3 if is_in_index else 1


def _row(case: Case, spent: Spent, first: Spent) -> list[Cell]:
    return [
        case.viewers,
        case.records,
        NAMES[case.client],
        spent.cpu,
        spent.cpu / first.cpu,
        spent.requests,
        spent.write_units,
        spent.records_per_second,
        spent.records_per_second / a_second(case.viewers),
    ]


def _figures(case: Case, spent: Spent) -> JsonObject:
    heartbeats = case.viewers / HEARTBEAT_SECONDS / a_second(case.viewers)
    return {
        "cpuMs": spent.cpu,
        "wallMs": spent.wall,
        "requests": spent.requests,
        "writeUnits": spent.write_units,
        "recordsPerSecond": spent.records_per_second,
        "creditsPerSecond": spent.records_per_second * heartbeats,
    }


def _targets(cases: Sequence[Case], spent: Mapping[Case, Spent]) -> Iterator[Target]:
    first, other = cases[0], cases[1]
    rate, ours, room = a_second(first.viewers), spent[first], f"room of {first.viewers:,}"
    cheaper, faster = spent[other].cpu / ours.cpu, ours.records_per_second / rate
    share = ours.cpu / 1e6 * rate / (MEMORY_MB / MB_A_CPU)
    yield Target(what="CPU of a record, boto3 in threads against DynamoDbApi", value=cheaper, least=LEAST_TIMES_CHEAPER)
    yield Target(what=f"records/s against those of a {room}", value=faster, least=LEAST_TIMES_REAL)
    yield Target(what=f"share of the CPU of {MEMORY_MB:,} MB that a {room} takes", value=share, most=MOST_SHARE)
