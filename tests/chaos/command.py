"""`python -m tests.chaos`: a run under faults, and whether the promises held."""

import argparse
import asyncio
import logging
import pickle
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from local.servers.kafka_jars import KafkaUnavailable
from tests.chaos.checker import check
from tests.chaos.faults import apply
from tests.chaos.gathering import gather
from tests.chaos.history import Fault, History
from tests.chaos.life import live, rule
from tests.chaos.report import Finding, Report
from tests.chaos.schedule import KINDS, Planned, chosen, draw
from tests.chaos.settling import all_welcome, settle, until
from tests.chaos.stage import Stage, bring_readers, staged
from tests.chaos.table import findings, table
from tools.event_loop import run
from tools.parser import Parser, number, one_of, option

DIRECTORY = Path(".chaos")


@dataclass(frozen=True, kw_only=True)
class ChaosOptions:
    """One field per option."""

    seed: int | None = option("draws the faults", number(int, 0, 2**31), default=None, shown="another one each time")
    seconds: float = option("how long faults come", number(float, 1, 86_400), 180)
    slices: int = option("how many relays share a room's viewers", number(int, 1, 16), 1)
    readers: int = option("how many viewers stand in the gallery, beside those on seats", number(int, 0, 1000), 10)
    kafka: str = option("the broker: embedded or Apache Kafka", one_of("embedded", "real"), "embedded")
    only: str = option("the kinds of faults, with commas between, or none", default="", shown="all")
    again: str = option("check once more what a run has left in this file", default="", metavar="FILE")
    dry: bool = option("print what would come and when, and end", default=False)


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if every promise held, 1 if not, 2 for wrong arguments."""
    parser = Parser(
        "python -m tests.chaos",
        description="Run the rooms under faults, and check what they promise.",
        epilog="\n".join(["the kinds of faults:", *(f"  {kind:17} {about}" for kind, about in KINDS.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options = ChaosOptions(**parser.given(ChaosOptions, arguments, {}, {}))
    if options.again:
        return tell(*pickle.loads(Path(options.again).read_bytes()))
    seed = random.randrange(100_000) if options.seed is None else options.seed
    try:
        kinds = chosen(options.only, real_kafka=options.kafka == "real", readers=options.readers > 0)
    except ValueError as error:
        parser.error(f"--only: {error}")
    plan = draw(seed, options.seconds, kinds)
    if options.dry:
        print("\n".join(map(str, plan)))
        return 0
    try:
        return run(_run(options, seed, plan))
    except KafkaUnavailable as unavailable:
        print(f"skipped: {unavailable}")
        return 0


async def _run(options: ChaosOptions, seed: int, plan: Sequence[Planned]) -> int:
    log = DIRECTORY / f"{seed}.log"
    print(f"seed {seed}: {len(plan)} faults in {options.seconds:g} s; the functions' log is {log}", flush=True)
    faults: list[Fault] = []
    with _logged(log):
        real_kafka = options.kafka == "real"
        gallery = options.readers > 0
        async with staged(seed=seed, slices=options.slices, real_kafka=real_kafka, gallery=gallery) as stage:
            await until("every client is welcome", lambda: all_welcome(stage))
            bring_readers(stage, options.readers, seed)
            await until("every reader is welcome", lambda: all_welcome(stage))
            began = time.time()
            await _act(stage, plan, faults, options.seconds)
            late = await settle(stage)
            histories = await gather(stage, faults)
    (DIRECTORY / f"{seed}.pickle").write_bytes(pickle.dumps((seed, histories, late, began)))
    return tell(seed, histories, late, began)


def tell(seed: int, histories: Sequence[History], late: Sequence[str], began: float) -> int:
    """Check the histories of a run's rooms and print the report; the exit status."""
    report = _unsettled(late)
    for history in histories:
        report.add(check(history))
    faults = histories[0].faults
    print(table(report, seed))
    print(findings(report, faults, began), end="\n" if report.findings else "")
    return 0 if report.is_good else 1


async def _act(stage: Stage, plan: Sequence[Planned], faults: list[Fault], seconds: float) -> None:
    """People live in the rooms for so long, and the faults come and go."""
    dice = random.Random(f"platform {min(stage.rooms)}")
    acting = [
        asyncio.create_task(live(client, [other.person.user for other in clients]))
        for clients in stage.rooms.values()
        for client in clients
    ]
    acting += [
        asyncio.create_task(rule(stage.platforms[activity], clients, dice)) for activity, clients in stage.rooms.items()
    ]
    began = time.monotonic()
    coming = []
    for planned in plan:
        await asyncio.sleep(max(0, began + planned.at - time.monotonic()))
        print(planned, flush=True)
        coming.append(asyncio.create_task(apply(stage, planned, faults)))
    await asyncio.sleep(max(0, began + seconds - time.monotonic()))
    await asyncio.gather(*coming)
    for task in acting:
        task.cancel()
    for result in await asyncio.gather(*acting, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _unsettled(late: Sequence[str]) -> Report:
    now = time.time()
    return Report(
        findings=[Finding(column="not settled", text=what, about=what, began=now, ended=now) for what in late]
    )


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """What functions and emulator print meanwhile goes to this file."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file, redirect_stdout(file):
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)
