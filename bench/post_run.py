"""One contender posts, in a process of its own: another contender's imports and memory cost it nothing.

`python -m bench.post_run CONTENDER URL POSTS [--certificate FILE]` prints one line of JSON: the number of POSTs, and
the seconds of CPU (user and system, all threads) and of wall time that they took. Other POSTs before these open the
connections.

A contender is a context manager that yields a function: it makes so many POSTs and returns when all are answered.
"""

import argparse
import asyncio
import json
import resource
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from functions.adapters.aws.connections import SERVICE, Connections, Outcome
from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.aws.sigv4 import Signer
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.usecases.fanout import WORKERS, Delivery, Fanout

# The size of a tick of about six chats: small enough that the request costs more than the body.
FRAME_BYTES = 1000
FRAME = b"[" + b"x" * (FRAME_BYTES - 2) + b"]"
THREADS = 50
TIMEOUT_SECONDS = 10
REGION = "us-east-1"
# Temporary credentials, as a function has them: the token is long, and every signature includes it.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "ASIABENCH00000000000",
    "AWS_SECRET_ACCESS_KEY": "a-key-of-no-account",
    "AWS_SESSION_TOKEN": "t" * 800,
}

Deliver = Callable[[int], Awaitable[None]]
Contender = Callable[[str, Path | None], AbstractAsyncContextManager[Deliver]]


@dataclass(frozen=True)
class Spent:
    """The seconds that `posts` POSTs took."""

    posts: int
    cpu: float
    wall: float


def cpu_seconds() -> float:
    """User and system time of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def connection_ids(count: int) -> list[str]:
    """Ids like API Gateway's: 16 characters that end in `=`."""
    return [f"L0SM9c{number:07d}oE=" for number in range(count)]


def tls_context(certificate: Path | None) -> ssl.SSLContext | None:
    """A context that trusts this certificate alone; None for plain HTTP."""
    return ssl.create_default_context(cafile=certificate) if certificate else None


class Unlimited:
    """A budget that is never spent."""

    lot = 1_000_000

    async def reserve(self, posts: int) -> float:
        """Returns 0 seconds to wait."""
        return 0


@asynccontextmanager
async def ours(url: str, certificate: Path | None) -> AsyncIterator[Deliver]:
    """Connections and Fanout, as the relay uses them."""
    connections = Connections(url, CredentialSource(ENVIRONMENT), region=REGION, tls=tls_context(certificate))
    fanout, payload = Fanout(connections, Unlimited()), Payload.of(FRAME)

    async def deliver(posts: int) -> None:
        seats = [Seat(connection_id, "live.v1", "") for connection_id in connection_ids(posts)]
        report = await fanout.deliver([Delivery(1, seat, (payload,)) for seat in seats])
        assert report.posts == {Outcome.DELIVERED: posts}, report.posts

    yield deliver
    await connections.close()


@asynccontextmanager
async def with_aiohttp(url: str, certificate: Path | None) -> AsyncIterator[Deliver]:
    """aiohttp's client, and our signer."""
    import aiohttp
    from yarl import URL

    connector = aiohttp.TCPConnector(limit=WORKERS, ssl=tls_context(certificate) or True)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def post(address: str, headers: dict[str, str]) -> int:
            async with session.post(URL(address, encoded=True), data=FRAME, headers=headers) as response:
                await response.read()
                return response.status

        yield await _side_by_side(url, post)


@asynccontextmanager
async def with_httpx(url: str, certificate: Path | None) -> AsyncIterator[Deliver]:
    """httpx's client, and our signer."""
    import httpx

    limits = httpx.Limits(max_connections=WORKERS, max_keepalive_connections=WORKERS)
    verify = tls_context(certificate) or True
    async with httpx.AsyncClient(limits=limits, verify=verify, timeout=TIMEOUT_SECONDS) as client:

        async def post(address: str, headers: dict[str, str]) -> int:
            return (await client.post(address, content=FRAME, headers=headers)).status_code

        yield await _side_by_side(url, post)


async def _side_by_side(url: str, post: Callable[[str, dict[str, str]], Awaitable[int]]) -> Deliver:
    """Signed POSTs by `post`, which returns the status. As many at a time as Fanout makes."""
    credentials, parts = await CredentialSource(ENVIRONMENT).current(), urlsplit(url)
    signer, digest = Signer(credentials, service=SERVICE, region=REGION, host=parts.netloc), Payload.of(FRAME).digest

    async def deliver(posts: int) -> None:
        left = iter(connection_ids(posts))

        async def work() -> None:
            for connection_id in left:
                path = f"{parts.path}/%40connections/{quote(connection_id, safe='')}"
                lines = signer.headers("POST", path, digest, time.time()).splitlines()
                headers = dict(line.split(": ", 1) for line in lines)
                status = await post(f"{parts.scheme}://{parts.netloc}{path}", headers)
                assert status == 200, status

        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(work())

    return deliver


@asynccontextmanager
async def boto3_sequential(url: str, certificate: Path | None) -> AsyncIterator[Deliver]:
    """boto3, one POST after another."""
    post = _boto3_post(url, certificate)

    async def deliver(posts: int) -> None:
        for connection_id in connection_ids(posts):
            post(connection_id)

    yield deliver


@asynccontextmanager
async def boto3_pool(url: str, certificate: Path | None) -> AsyncIterator[Deliver]:
    """boto3 in 50 threads with 50 kept-alive connections."""
    post = _boto3_post(url, certificate)
    with ThreadPoolExecutor(THREADS) as pool:

        async def deliver(posts: int) -> None:
            list(pool.map(post, connection_ids(posts)))

        yield deliver


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


CONTENDERS: dict[str, Contender] = {
    "ours": ours,
    "ours-uvloop": ours,
    "aiohttp": with_aiohttp,
    "httpx": with_httpx,
    "boto3": boto3_sequential,
    "boto3-pool": boto3_pool,
}


async def measure(contender: Contender, url: str, posts: int, certificate: Path | None) -> Spent:
    """Make `posts` POSTs after those that open the connections."""
    async with contender(url, certificate) as deliver:
        await deliver(max(2 * WORKERS, posts // 5))
        cpu, wall = cpu_seconds(), time.perf_counter()
        await deliver(posts)
        return Spent(posts, cpu_seconds() - cpu, time.perf_counter() - wall)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.post_run", description="Post, and tell what it took")
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("url")
    parser.add_argument("posts", type=int)
    parser.add_argument("--certificate", type=Path)
    options = parser.parse_args(arguments)
    new_loop = asyncio.new_event_loop
    if options.contender.endswith("-uvloop"):
        from uvloop import new_event_loop as new_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        work = measure(CONTENDERS[options.contender], options.url, options.posts, options.certificate)
        print(json.dumps(asdict(runner.run(work))))


if __name__ == "__main__":
    main()
