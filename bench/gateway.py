"""How many POSTs a second the emulator's gateway takes on one core, signatures checked.

The gateway is in a process of its own, with nothing behind it. Viewers that read, and our `Connections` that post,
64 at a time, are in other processes. So the CPU time of the gateway's process is the gateway's only: a core of it is
`1 / CPU` POSTs a second.
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from statistics import median
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect

from bench.post_run import FRAME_BYTES, Unlimited
from bench.result import BenchFailed, Result, Target
from functions.adapters.aws.connections import Connections, Outcome
from functions.adapters.aws.credentials import CredentialSource
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.usecases.fanout import Delivery, Fanout
from local.aws.asgi import Asgi, Receive, Scope, Send
from local.aws.connections_api import ConnectionsApi
from local.aws.function import JsonObject
from local.aws.gateway import Gateway
from local.aws.gateway_config import GatewayConfig
from local.aws.web_server import serve
from local.deployment import CREDENTIALS, ROLE
from tools.event_loop import run as run_loop

LEAST_POSTS = 9_000
VIEWERS = 200
QUICK: dict[str, Any] = {"rounds": 2, "sizes": (FRAME_BYTES,), "posts": 2_000}


def run(*, rounds: int = 7, sizes: tuple[int, ...] = (200, FRAME_BYTES, 10_000), posts: int = 10_000) -> Result:
    """Frames of each size, so many POSTs in each round."""
    with _running("serve") as (address, pid), _running("read", address) as (ids, _):
        cpu = run_loop(
            _measure(f"http://{address}/websocket", json.loads(ids), psutil.Process(pid), rounds, sizes, posts)
        )
    medians = {size: median(found) for size, found in cpu.items()}
    return Result(
        title=f"The gateway: POSTs to {VIEWERS} viewers, signatures checked",
        columns=("bytes", "CPU µs a POST", "POSTs a second of CPU"),
        rows=[[size, one * 1e6, 1 / one] for size, one in medians.items()],
        figures={"cpuMicroseconds": {str(size): one * 1e6 for size, one in medians.items()}},
        targets=[
            Target(
                what=f"POSTs of {FRAME_BYTES:,} bytes a second of CPU",
                value=1 / medians[FRAME_BYTES],
                least=LEAST_POSTS,
            )
        ],
    )


async def _measure(
    url: str, ids: list[str], gateway: psutil.Process, rounds: int, sizes: tuple[int, ...], posts: int
) -> dict[int, list[float]]:
    """The CPU seconds of a POST, by size and round."""
    connections = Connections(url, CredentialSource(ROLE), region="us-east-1")
    fanout = Fanout(connections, Unlimited())
    seats = [Seat(ids[number % len(ids)], "live.v1", "") for number in range(posts)]
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds + 1):
        for size in sizes:
            payload = Payload.of(b"[" + b"x" * (size - 2) + b"]")
            before = _cpu(gateway)
            report = await fanout.deliver([Delivery(1, seat, (payload,)) for seat in seats])
            found[size].append((_cpu(gateway) - before) / posts)
            if report.posts != {Outcome.DELIVERED: posts}:
                raise BenchFailed(f"not every POST was delivered: {report.posts}")
    await connections.close()
    return {size: each[1:] for size, each in found.items()}


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _running(*arguments: str) -> Iterator[tuple[str, int]]:
    """`python -m bench.gateway ...`: the line that it prints, and its process. It ends with the context."""
    command = [sys.executable, "-m", "bench.gateway", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.kill()


async def _serve() -> None:
    """The gateway: it has no routes, so everybody may connect."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        gateway = Gateway(invoke=_never, config=GatewayConfig(domain_name=address, authorizer=None, routes={}))
        connections = ConnectionsApi(gateway=gateway, credentials=CREDENTIALS)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            part: Asgi = gateway if scope["type"] == "websocket" else connections
            await part(scope, receive, send)

        async with serve(application, listener, direct=[connections]):
            print(address, flush=True)
            await asyncio.to_thread(sys.stdin.read)


async def _never(name: str, event: JsonObject) -> None:
    raise AssertionError(name)


async def _read(address: str) -> None:
    """Viewers. They ask for something that no route is for, and the answer has their connection's id."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connect(f"ws://{address}/websocket", proxy=None)) for _ in range(VIEWERS)
        ]
        print(json.dumps([await _id_of(client) for client in clients]), flush=True)
        await asyncio.gather(*(_drain(client) for client in clients))


async def _id_of(client: ClientConnection) -> str:
    await client.send("{}")
    return str(json.loads(await client.recv())["connectionId"])


async def _drain(client: ClientConnection) -> None:
    async for _ in client:
        pass


if __name__ == "__main__":
    run_loop(_serve() if sys.argv[1] == "serve" else _read(sys.argv[2]))
