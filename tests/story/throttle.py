"""A moto that is in trouble: a proxy before it, which throttles, fails, cuts connections, and holds writes up."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

TABLE, QUEUE = "DynamoDB_20120810", "AmazonSQS"
WRITES = frozenset({"BatchWriteItem", "UpdateItem"})

# What AWS answers when it does nothing: status, and type of the error.
ERRORS = {
    "throttled": (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
    "limited": (400, "com.amazon.coral.availability#ThrottlingException"),
    "failed": (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
}
# The late ones: it was done, and nobody is told. "partly": some of the items of a batch are left unprocessed.
TROUBLES = (*ERRORS, "partly", "failed late", "cut", "cut late")
# botocore checks the second against the body, which is not always moto's.
NOT_PASSED_ON = frozenset({"content-length", "x-amz-crc32", "connection", "transfer-encoding"})


@dataclass(frozen=True)
class Request:
    """An HTTP request as AWS's clients make it; `service` and `operation` as X-Amz-Target names them."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def service(self) -> str:
        return self.headers.get("x-amz-target", "").partition(".")[0]

    @property
    def operation(self) -> str:
        return self.headers.get("x-amz-target", "").partition(".")[2]


@dataclass
class Hold:
    """Writes do not get on, but for the first `passed`. If `written`, they reach the table and are not answered; else
    they reach it when the hold is over, whether or not anybody still waits. `reached`: one is held."""

    passed: int
    written: bool
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Throttle:
    """The proxy. `requests` counts the operations, `troubles` what befell them, `puts` how often each key was put."""

    def __init__(self, moto_url: str, seed: int) -> None:
        self.url = ""
        self.requests: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.puts: Counter[tuple[str, str]] = Counter()
        self._moto = httpx.AsyncClient(base_url=moto_url, trust_env=False, timeout=30)
        self._dice = random.Random(seed)
        self._share, self._service, self._kinds = 0.0, TABLE, TROUBLES
        self._hold: Hold | None = None
        # moto looks at a condition and writes in two steps, DynamoDB does not.
        self._writing = asyncio.Lock()
        self._answering = 0
        self._connections: set[asyncio.Task[None]] = set()

    @contextmanager
    def trouble(self, share: float, *, service: str = TABLE, kinds: tuple[str, ...] = TROUBLES) -> Iterator[None]:
        """For as long as the block runs, this share of the requests to a service gets into trouble."""
        self._share, self._service, self._kinds = share, service, kinds
        yield
        self._share = 0.0

    @contextmanager
    def holding(self, *, passed: int = 0, written: bool) -> Iterator[Hold]:
        """Hold writes up for as long as the block runs."""
        self._hold = hold = Hold(passed, written)
        yield hold
        self._hold = None
        hold.over.set()

    async def settled(self) -> None:
        """Return when nothing is under way."""
        while self._answering:
            await asyncio.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while answer := await self._counted(await _request(reader)):
                    writer.write(answer)
                    await writer.drain()
        finally:
            writer.close()
            self._connections.discard(task)

    async def close(self) -> None:
        """Cut every connection."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._moto.aclose()

    async def _counted(self, request: Request) -> bytes | None:
        self.requests[request.operation] += 1
        if request.operation == "BatchWriteItem":
            self.puts.update(_key(put) for put in _puts(json.loads(request.body)))
        self._answering += 1
        try:
            return await self._answer(request)
        finally:
            self._answering -= 1

    async def _answer(self, request: Request) -> bytes | None:
        """The response; None cuts the connection."""
        trouble = self._drawn(request)
        if trouble in ERRORS:
            return _error(trouble)
        if trouble == "cut":
            return None
        if trouble == "partly":
            return await self._partly(request)
        answer = await self._held(request)
        if trouble == "failed late":
            return _error("failed")
        return None if trouble == "cut late" else answer

    def _drawn(self, request: Request) -> str:
        """What befalls a request, "" for nothing."""
        if request.service != self._service or self._dice.random() >= self._share:
            return ""
        is_batch = request.operation == "BatchWriteItem" and len(_puts(json.loads(request.body))) > 1
        trouble = self._dice.choice([kind for kind in self._kinds if is_batch or kind != "partly"])
        self.troubles[trouble] += 1
        return trouble

    async def _held(self, request: Request) -> bytes:
        hold = self._hold if request.service == TABLE and request.operation in WRITES else None
        if hold is None or hold.passed:
            if hold:
                hold.passed -= 1
            return await self._passed_on(request)
        answer = await self._passed_on(request) if hold.written else b""
        hold.reached.set()
        await hold.over.wait()
        return answer or await self._passed_on(request)

    async def _partly(self, request: Request) -> bytes:
        asked = json.loads(request.body)
        [(table, puts)] = asked["RequestItems"].items()
        self._dice.shuffle(puts)
        done = self._dice.randrange(1, len(puts))
        body = json.dumps({"RequestItems": {table: puts[:done]}}).encode()
        await self._passed_on(replace(request, body=body))
        return _response(200, {}, json.dumps({"UnprocessedItems": {table: puts[done:]}}).encode())

    async def _passed_on(self, request: Request) -> bytes:
        async with self._writing:
            # With the proxy's own host: a queue's URL begins with it.
            headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED_ON}
            answer = await self._moto.request(request.method, request.path, headers=headers, content=request.body)
        passed_on = {name: value for name, value in answer.headers.items() if name not in NOT_PASSED_ON}
        return _response(answer.status_code, passed_on, answer.content)


@asynccontextmanager
async def throttle(moto_url: str, seed: int = 1) -> AsyncIterator[Throttle]:
    """A proxy before a moto, on a free port; no trouble at first."""
    proxy = Throttle(moto_url, seed)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def _response(status: int, headers: dict[str, str], body: bytes) -> bytes:
    fields = {"content-type": "application/x-amz-json-1.0", **headers, "content-length": str(len(body))}
    head = [f"HTTP/1.1 {status} whatever", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def _error(name: str) -> bytes:
    status, type_ = ERRORS[name]
    return _response(status, {}, json.dumps({"__type": type_, "message": "in trouble"}).encode())


def _puts(asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [put["PutRequest"]["Item"] for puts in asked["RequestItems"].values() for put in puts]


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
