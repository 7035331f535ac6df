"""What a POST costs: our Connections and Fanout against boto3's `post_to_connection`.

Every contender runs in a process of its own against an HTTP server in another; the contenders take turns, so that what
else the machine does hits all of them, and medians are told.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.certificate import NoOpenssl, make_certificate
from bench.post_run import CONTENDERS, FRAME_BYTES, Spent
from bench.result import Cell, Result, Target
from bench.sink import running_sink


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """`posts` of each contender in a round; `share_when_slow` of them against a server that takes 10 ms."""

    rounds: int
    posts: Mapping[str, int]
    share_when_slow: float = 0.25
    delays_ms: tuple[float, ...] = (0, 10)


FULL = Sizes(rounds=5, posts={"ours": 6000, "boto3-pool": 1200, "ours-uvloop": 6000, "boto3": 600})
QUICK = Sizes(rounds=1, posts={"ours": 4000, "boto3-pool": 600, "ours-uvloop": 4000, "boto3": 300}, delays_ms=(0,))
NAMES = {
    "ours": "Connections + Fanout",
    "ours-uvloop": "the same on uvloop",
    "boto3": "boto3, one after another",
    "boto3-pool": "boto3, 50 threads",
}
PLAIN_TARGET, TLS_TARGET = 25, 15


@dataclass(frozen=True)
class Case:
    """One way of serving, and the medians of what a POST took each contender, in microseconds."""

    tls: bool
    delay_ms: float
    cpu: Mapping[str, float]
    wall: Mapping[str, float]

    @property
    def name(self) -> str:
        """As the table has it."""
        return f"{'TLS' if self.tls else 'plain'}, {self.delay_ms:g} ms"


def bench(*, quick: bool) -> Result:
    """Measure."""
    return run(QUICK if quick else FULL)


def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        ways: list[Path | None] = [None]
        try:
            ways.append(make_certificate(Path(directory)))
        except NoOpenssl as reason:
            notes.append(str(reason))
        cases = [_measure(sizes, certificate, delay) for certificate in ways for delay in sizes.delays_ms]
    return Result(
        title=f"A POST of {FRAME_BYTES:,} bytes: CPU and wall time of the process that posts",
        columns=("server", "client", "CPU µs", "wall µs", "POSTs/s", "CPU ×"),
        rows=[row for case in cases for row in _rows(case)],
        figures={"frameBytes": FRAME_BYTES, "rounds": sizes.rounds, "cases": [_figures(case) for case in cases]},
        targets=list(_targets(cases)),
        notes=notes,
    )


def _measure(sizes: Sizes, certificate: Path | None, delay_ms: float) -> Case:
    spent: dict[str, list[Spent]] = {name: [] for name in CONTENDERS}
    with running_sink(delay_ms=delay_ms, certificate=certificate) as url:
        for _ in range(sizes.rounds):
            for name, posts in sizes.posts.items():
                count = max(1, int(posts * sizes.share_when_slow)) if delay_ms else posts
                spent[name].append(_post(name, url, count, certificate))
    cpu = {name: 1e6 * median(one.cpu / one.posts for one in runs) for name, runs in spent.items()}
    wall = {name: 1e6 * median(one.wall / one.posts for one in runs) for name, runs in spent.items()}
    return Case(certificate is not None, delay_ms, cpu, wall)


def _post(contender: str, url: str, posts: int, certificate: Path | None) -> Spent:
    command = [sys.executable, "-m", "bench.post_run", contender, url, str(posts)]
    if certificate is not None:
        command += ["--certificate", str(certificate)]
    return Spent(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _rows(case: Case) -> Iterator[list[Cell]]:
    for contender, name in NAMES.items():
        cpu, wall = case.cpu[contender], case.wall[contender]
        yield [case.name, name, cpu, wall, 1e6 / wall, cpu / case.cpu["ours"]]


def _figures(case: Case) -> dict[str, Any]:
    clients = {
        name: {"cpuMicroseconds": cpu, "wallMicroseconds": case.wall[name], "cpuTimesOurs": cpu / case.cpu["ours"]}
        for name, cpu in case.cpu.items()
    }
    return {"tls": case.tls, "delayMs": case.delay_ms, "clients": clients}


def _targets(cases: list[Case]) -> Iterator[Target]:
    for case in cases:
        if case.delay_ms == 0:
            what = f"CPU of a POST, boto3 in a thread pool against ours, {'TLS' if case.tls else 'plain'}"
            ratio = case.cpu["boto3-pool"] / case.cpu["ours"]
            yield Target(what=what, value=ratio, least=TLS_TARGET if case.tls else PLAIN_TARGET)
