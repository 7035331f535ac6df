"""The cost of a POST: our Connections and Fanout against aiohttp, httpx and boto3's `post_to_connection`.

Each contender runs in a process of its own and posts to an HTTP server in another one. The contenders take turns, and
the table has medians: other work on the machine affects them all alike.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.certificate import NoOpenssl, make_certificate
from bench.post_run import FRAME_BYTES, Spent
from bench.result import Cell, Result, Target
from bench.sink import running_sink

NAMES = {
    "ours": "Connections + Fanout",
    "ours-uvloop": "the same on uvloop",
    "aiohttp": "aiohttp, our signer",
    "httpx": "httpx, our signer",
    "boto3": "boto3, one after another",
    "boto3-pool": "boto3, 50 threads",
}
# POSTs in a round. Against a server that takes its time, each contender makes a quarter of them.
POSTS = {"ours": 6000, "boto3-pool": 1200, "aiohttp": 3000, "ours-uvloop": 6000, "httpx": 400, "boto3": 600}
SHARE_WHEN_SLOW = 0.25
QUICK: dict[str, Any] = {"rounds": 1, "delays_ms": (0,), "posts": {name: posts // 2 for name, posts in POSTS.items()}}
# Contender -> how many times our CPU it must take at least, plain and over TLS.
LEAST_TIMES = {"boto3-pool": (25, 15), "aiohttp": (3, 2)}


@dataclass(frozen=True)
class Case:
    """One way of serving, and each contender's medians for a POST, in microseconds."""

    tls: bool
    delay_ms: float
    cpu: Mapping[str, float]
    wall: Mapping[str, float]

    @property
    def protocol(self) -> str:
        return "TLS" if self.tls else "plain"

    def times_ours(self, contender: str) -> float:
        """A contender's CPU, as a multiple of ours."""
        return self.cpu[contender] / self.cpu["ours"]


def run(*, rounds: int = 5, posts: Mapping[str, int] = POSTS, delays_ms: Sequence[float] = (0, 10)) -> Result:
    """In each round each contender makes so many `posts`, plain and over TLS, against each delay of the server."""
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        certificates: list[Path | None] = [None]
        try:
            certificates.append(make_certificate(Path(directory)))
        except NoOpenssl as reason:
            notes.append(str(reason))
        cases = [_measure(rounds, posts, certificate, delay) for certificate in certificates for delay in delays_ms]
    return Result(
        title=f"A POST of {FRAME_BYTES:,} bytes: CPU and wall time of the process that posts",
        columns=("server", "client", "CPU µs", "wall µs", "POSTs/s", "CPU ×"),
        rows=[row for case in cases for row in _rows(case)],
        figures={"frameBytes": FRAME_BYTES, "rounds": rounds, "cases": [_figures(case) for case in cases]},
        targets=[target for case in cases if case.delay_ms == 0 for target in _targets(case)],
        notes=notes,
    )


def _measure(rounds: int, posts: Mapping[str, int], certificate: Path | None, delay_ms: float) -> Case:
    share = SHARE_WHEN_SLOW if delay_ms else 1
    spent: dict[str, list[Spent]] = {name: [] for name in posts}
    with running_sink(delay_ms=delay_ms, certificate=certificate) as url:
        for _ in range(rounds):
            for name, count in posts.items():
                spent[name].append(_post(name, url, max(1, int(count * share)), certificate))
    cpu = {name: 1e6 * median(one.cpu / one.posts for one in runs) for name, runs in spent.items()}
    wall = {name: 1e6 * median(one.wall / one.posts for one in runs) for name, runs in spent.items()}
    return Case(certificate is not None, delay_ms, cpu, wall)


def _post(contender: str, url: str, posts: int, certificate: Path | None) -> Spent:
    command = [sys.executable, "-m", "bench.post_run", contender, url, str(posts)]
    if certificate is not None:
        command += ["--certificate", str(certificate)]
    return Spent(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _rows(case: Case) -> Iterator[list[Cell]]:
    server = f"{case.protocol}, {case.delay_ms:g} ms"
    for contender, name in NAMES.items():
        cpu, wall = case.cpu[contender], case.wall[contender]
        yield [server, name, cpu, wall, 1e6 / wall, case.times_ours(contender)]


def _figures(case: Case) -> dict[str, Any]:
    clients = {
        name: {"cpuMicroseconds": cpu, "wallMicroseconds": case.wall[name], "cpuTimesOurs": case.times_ours(name)}
        for name, cpu in case.cpu.items()
    }
    return {"tls": case.tls, "delayMs": case.delay_ms, "clients": clients}


def _targets(case: Case) -> Iterator[Target]:
    for contender, (plain, tls) in LEAST_TIMES.items():
        what = f"CPU of a POST, {NAMES[contender]}, against ours, {case.protocol}"
        yield Target(what=what, value=case.times_ours(contender), least=tls if case.tls else plain)
