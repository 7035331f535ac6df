"""What the archive takes to store a second of a room: its own code, against a server that answers after 5 ms.

Two ways to the same table take turns: DynamoDbApi, as the function has it, and boto3 in threads.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from statistics import median
from typing import Any

from bench.post_run import ENVIRONMENT, REGION, cpu_seconds
from bench.result import Cell, Result, Target
from bench.saved_records import HEARTBEAT_SECONDS, a_second, batch
from bench.sink import running_sink
from functions import archive
from functions.adapters.archive_table import ArchiveTable
from functions.adapters.credentials import CredentialSource
from functions.adapters.dynamodb import Client, dynamodb_client
from functions.adapters.dynamodb_api import DynamoDbApi
from functions.adapters.failure_queue import FailureQueue
from functions.adapters.watch_totals import WatchTotals
from functions.entry import JsonObject
from functions.manifest import FUNCTIONS

ANSWER_MS = 5
LARGE, SMALL = 100_000, 1_000
# A function has a processor of its own from so many MB on, and below it a share.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_A_CPU = 1769
LEAST_TIMES_CHEAPER, LEAST_TIMES_REAL, MOST_SHARE = 3, 2, 0.5

(MEMORY_MB,) = (row.memory_mb for row in FUNCTIONS if row.name == "archive")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A room, and how its records are cut; `batches` of them in a round."""

    client: str
    viewers: int
    records: int
    batches: int

    @property
    def name(self) -> str:
        """As a figure has it."""
        return f"{self.client}, {self.viewers} viewers, batches of {self.records}"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What 1,000 records took: seconds of CPU and of wall time, requests, and write units as AWS counts them."""

    cpu: float
    wall: float
    requests: float
    write_units: float


CASES = (
    Case(client="ours", viewers=LARGE, records=2000, batches=5),
    Case(client="boto3", viewers=LARGE, records=2000, batches=1),
    Case(client="ours", viewers=LARGE, records=1000, batches=10),
    Case(client="ours", viewers=LARGE, records=5000, batches=2),
    Case(client="ours", viewers=SMALL, records=267, batches=10),
)
QUICK = (replace(CASES[0], batches=1), replace(CASES[1], records=500))
NAMES = {"ours": "DynamoDbApi", "boto3": "boto3 in threads"}


def bench(*, quick: bool) -> Result:
    """Measure."""
    return asyncio.run(run(QUICK, rounds=1) if quick else run(CASES, rounds=3))


async def run(cases: Sequence[Case], *, rounds: int) -> Result:
    """Measure these; the first is the one that others are compared with, and of the targets."""
    with running_sink(delay_ms=ANSWER_MS) as url:
        spent = await _measure(cases, rounds, url.removesuffix("/websocket"))
    return Result(
        title=f"1,000 records of a room in the archive, a table that answers after {ANSWER_MS} ms",
        columns=(
            "viewers",
            "batch",
            "client",
            "CPU ms",
            "CPU ×",
            "requests",
            "write units",
            "records/s",
            "× the room",
        ),
        rows=[_row(case, spent[case], spent[cases[0]]) for case in cases],
        figures={
            "rounds": rounds,
            "answerMs": ANSWER_MS,
            "cases": {case.name: _figures(case, spent[case]) for case in cases},
        },
        targets=list(_targets(cases, spent)),
    )


async def _measure(cases: Sequence[Case], rounds: int, url: str) -> Mapping[Case, Spent]:
    """The median of the rounds, of each by itself."""
    written: list[int] = []
    ours = _Counted(CredentialSource(ENVIRONMENT), region=REGION, url=url)
    ours.written = written
    boto3 = _counted_boto3(url, written)
    clients: dict[str, Client] = {"ours": ours, "boto3": lambda: boto3}
    numbers = count(1)
    runs: dict[Case, list[Spent]] = {case: [] for case in cases}
    for round_ in range(rounds + 1):
        for case in cases:
            batches = [batch(case.viewers, case.records, numbers) for _ in range(case.batches)]
            spent = await _run(batches, _parts(clients[case.client]), written)
            if round_:  # the first opens the connections
                runs[case].append(spent)
    await ours.close()
    return {case: _median(some) for case, some in runs.items()}


async def _run(batches: Sequence[JsonObject], parts: archive.Parts, written: list[int]) -> Spent:
    written.clear()
    cpu, wall = cpu_seconds(), time.perf_counter()
    for raw in batches:
        done = await archive.main(raw, parts)
        assert done == {"batchItemFailures": []}, done
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    thousands = sum(len(records) for raw in batches for records in raw["records"].values()) / 1000
    return Spent(
        cpu=cpu / thousands,
        wall=wall / thousands,
        requests=len(written) / thousands,
        write_units=sum(written) / thousands,
    )


def _median(runs: Sequence[Spent]) -> Spent:
    def of(name: str) -> float:
        return float(median(getattr(spent, name) for spent in runs))

    return Spent(cpu=of("cpu"), wall=of("wall"), requests=of("requests"), write_units=of("write_units"))


def _parts(client: Client) -> archive.Parts:
    return archive.Parts(
        table=ArchiveTable(client, "rooms"),
        totals=WatchTotals(client, "rooms"),
        queue=FailureQueue(lambda: None, ""),
        days=400,
        partial_responses=True,
    )


class _Counted(DynamoDbApi):
    """Tells the write units of each request."""

    written: list[int]

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.written.append(write_units(operation, parameters))
        return await super().call(operation, parameters)


def _counted_boto3(url: str, written: list[int]) -> Any:
    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        written.append(write_units(model.name, params))

    keys = {name.lower(): value for name, value in ENVIRONMENT.items()}
    client = dynamodb_client(REGION, endpoint_url=url, **keys)
    client.meta.events.register("provide-client-params.dynamodb.*", note)
    return client


def write_units(operation: str, parameters: Mapping[str, Any]) -> int:
    """What AWS counts for it where no item is larger than 1 KB, and who watches has watched before: a sum that stands
    in an index is written three times, since its place there changes."""
    if operation == "BatchWriteItem":
        return sum(len(puts) for puts in parameters["RequestItems"].values())
    return 3 if parameters["Key"]["sk"]["S"].startswith("u#") else 1


def _row(case: Case, spent: Spent, first: Spent) -> list[Cell]:
    return [
        case.viewers,
        case.records,
        NAMES[case.client],
        1000 * spent.cpu,
        spent.cpu / first.cpu,
        spent.requests,
        spent.write_units,
        1000 / spent.wall,
        1000 / spent.wall / a_second(case.viewers),
    ]


def _figures(case: Case, spent: Spent) -> JsonObject:
    a_second_beats = case.viewers / HEARTBEAT_SECONDS
    return {
        "cpuMs": 1000 * spent.cpu,
        "wallMs": 1000 * spent.wall,
        "requests": spent.requests,
        "writeUnits": spent.write_units,
        "recordsPerSecond": 1000 / spent.wall,
        "creditsPerSecond": 1000 / spent.wall * a_second_beats / a_second(case.viewers),
    }


def _targets(cases: Sequence[Case], spent: Mapping[Case, Spent]) -> Iterator[Target]:
    first, other = cases[0], cases[1]
    rate = a_second(first.viewers)
    room = f"room of {first.viewers:,}"
    yield Target(
        what="CPU of a record, boto3 in threads against DynamoDbApi",
        value=spent[other].cpu / spent[first].cpu,
        least=LEAST_TIMES_CHEAPER,
    )
    yield Target(
        what=f"records/s against those of a {room}", value=1000 / spent[first].wall / rate, least=LEAST_TIMES_REAL
    )
    yield Target(
        what=f"share of the CPU of {MEMORY_MB:,} MB that a {room} takes",
        value=spent[first].cpu / 1000 * rate / (MEMORY_MB / MB_A_CPU),
        most=MOST_SHARE,
    )
