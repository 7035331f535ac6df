"""One contender posting: run in a process of its own, so that neither's memory or imports cost the other.

`python -m bench.post_run CONTENDER URL POSTS [--certificate FILE]` prints one line of JSON: posts, and the seconds of
CPU (user and system, all threads) and of wall time that they took, after as many connections were opened as are used.
"""

import argparse
import asyncio
import json
import resource
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from functions.adapters.connections import Connections, Outcome
from functions.adapters.credentials import CredentialSource
from functions.adapters.fanout import Delivery, Fanout
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat

# About a tick of six chats: small enough that the request, not the body, is what costs.
FRAME_BYTES = 1000
FRAME = b"[" + b"x" * (FRAME_BYTES - 2) + b"]"
THREADS = 50
REGION = "us-east-1"
# As a function finds them: temporary ones, whose token is long and signed with every request.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "ASIABENCH00000000000",
    "AWS_SECRET_ACCESS_KEY": "a-key-of-no-account",
    "AWS_SESSION_TOKEN": "t" * 800,
}

NewLoop = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True)
class Spent:
    """What `posts` POSTs took, in seconds."""

    posts: int
    cpu: float
    wall: float


def measured(posts: int, work: Callable[[], object]) -> Spent:
    """Run `work`, which is so many posts."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()
    return Spent(posts, cpu_seconds() - cpu, time.perf_counter() - wall)


def cpu_seconds() -> float:
    """User and system time of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def connection_ids(count: int) -> list[str]:
    """As API Gateway makes them: 16 characters that end in `=`."""
    return [f"L0SM9c{number:07d}oE=" for number in range(count)]


class Unlimited:
    """A budget that never makes anybody wait."""

    lot = 1_000_000

    async def reserve(self, posts: int) -> float:
        """At once."""
        return 0


def ours(
    url: str, posts: int, certificate: Path | None, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> Spent:
    """Connections and Fanout, as the relay uses them."""
    tls = ssl.create_default_context(cafile=certificate) if certificate else None
    connections = Connections(url, CredentialSource(ENVIRONMENT), region=REGION, tls=tls)
    fanout = Fanout(connections, Unlimited())
    payload = Payload.of(FRAME)

    async def deliver(count: int) -> None:
        seats = [Seat(connection_id, "live.v1", "") for connection_id in connection_ids(count)]
        report = await fanout.deliver([Delivery(1, seat, (payload,)) for seat in seats])
        assert report.posts == {Outcome.DELIVERED: count}, report.posts

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(deliver(1000))
        spent = measured(posts, lambda: runner.run(deliver(posts)))
        runner.run(connections.close())
    return spent


def ours_asyncio(url: str, posts: int, certificate: Path | None) -> Spent:
    """On the event loop that the relay has in Lambda."""
    return ours(url, posts, certificate, asyncio.new_event_loop)


def ours_uvloop(url: str, posts: int, certificate: Path | None) -> Spent:
    """On uvloop."""
    import uvloop

    return ours(url, posts, certificate, uvloop.new_event_loop)


def boto3_sequential(url: str, posts: int, certificate: Path | None) -> Spent:
    """One after another."""
    post = _boto3_post(url, certificate)
    for connection_id in connection_ids(20):
        post(connection_id)
    return measured(posts, lambda: [post(connection_id) for connection_id in connection_ids(posts)])


def boto3_pool(url: str, posts: int, certificate: Path | None) -> Spent:
    """From 50 threads over 50 kept-alive connections."""
    post = _boto3_post(url, certificate)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, connection_ids(4 * THREADS)))
        return measured(posts, lambda: list(pool.map(post, connection_ids(posts))))


def _boto3_post(url: str, certificate: Path | None) -> Callable[[str], object]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name=REGION,
        **{name.lower(): value for name, value in ENVIRONMENT.items()},
        verify=str(certificate) if certificate else None,
        config=Config(max_pool_connections=THREADS),
    )
    return lambda connection_id: client.post_to_connection(ConnectionId=connection_id, Data=FRAME)


CONTENDERS: dict[str, Callable[[str, int, Path | None], Spent]] = {
    "ours": ours_asyncio,
    "ours-uvloop": ours_uvloop,
    "boto3": boto3_sequential,
    "boto3-pool": boto3_pool,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.post_run", description="Post, and tell what it took")
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("url")
    parser.add_argument("posts", type=int)
    parser.add_argument("--certificate", type=Path)
    options = parser.parse_args(arguments)
    print(json.dumps(asdict(CONTENDERS[options.contender](options.url, options.posts, options.certificate))))


if __name__ == "__main__":
    main()
