import asyncio
import gzip
import json
from collections import Counter
from dataclasses import astuple, dataclass, field
from typing import Any

import pytest

from local.aws.asgi import Headers, Message, Receive, Scope, Send
from local.aws.edge_cache import HITS, LEAST_BYTES, MISSES, ORIGIN_REQUESTS, EdgeCache, accepts_gzip, seconds_kept

SLOTS = b"public, max-age=60, immutable"
PATH = b"/gallery/42/key/7"


@dataclass
class Origin:
    """Answers with its path, the number of the request and what is set here. It waits while `closed` is not set."""

    status: int = 200
    cache_control: bytes | None = SLOTS
    body: bytes | None = None
    failure: Exception | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    scopes: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        number = len(self.scopes)
        await self.opened.wait()
        if self.failure:
            raise self.failure
        headers: Headers = [(b"content-type", b"application/json"), (b"content-length", b"5")]
        if self.cache_control is not None:
            headers.append((b"cache-control", self.cache_control))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"%b %d" % (scope["raw_path"], number) if self.body is None else self.body
        await send({"type": "http.response.body", "body": body[:3], "more_body": True})
        await send({"type": "http.response.body", "body": body[3:]})


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes


def scope_of(path: bytes, *, method: str = "GET", query: bytes = b"", **headers: str) -> Scope:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "raw_path": path, "query_string": query, "headers": given}


class Edge:
    """A cache in front of an origin, with a clock of its own. The origin is open from the beginning."""

    def __init__(self) -> None:
        self.origin = Origin()
        self.origin.opened.set()
        self.now = 1000.0
        self.counted: Counter[str] = Counter()
        self.cache = EdgeCache(self.origin, count=self._count, now=lambda: self.now)

    def _count(self, name: str, number: int) -> None:
        self.counted[name] += number

    @property
    def asked(self) -> int:
        return len(self.origin.scopes)

    async def get(self, path: bytes = PATH, **options: Any) -> Got:
        """`options` are those of `scope_of`."""
        sent: list[Message] = []

        async def receive() -> Message:
            raise AssertionError("the cache reads no body")

        async def send(message: Message) -> None:
            sent.append(message)

        await self.cache(scope_of(path, **options), receive, send)
        start, *rest = sent
        pairs = {name.decode(): value.decode() for name, value in start["headers"]}
        return Got(start["status"], pairs, b"".join(part["body"] for part in rest))


async def started(edge: Edge, number: int) -> list[asyncio.Task[Got]]:
    """Readers who wait for the origin, which has been asked once."""
    edge.origin.opened.clear()
    readers = [asyncio.create_task(edge.get()) for _ in range(number)]
    async with asyncio.timeout(5):
        while edge.counted[MISSES] < number or not edge.asked:
            await asyncio.sleep(0)
    return readers


async def test_the_origin_is_asked_once_for_as_long_as_it_said() -> None:
    edge = Edge()
    first, second = await edge.get(), await edge.get(query=b"a=1", cookie="b=2")
    assert first.body == second.body == PATH + b" 1"
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("Miss from cloudfront", "Hit from cloudfront")
    assert first.headers["content-length"] == str(len(first.body))
    edge.now += 59.9
    kept = await edge.get()
    assert (kept.body, kept.headers["age"]) == (first.body, "59")
    edge.now += 0.1
    assert (await edge.get()).body == PATH + b" 2"
    assert edge.counted == {HITS: 2, MISSES: 2, ORIGIN_REQUESTS: 2}


async def test_what_is_kept_is_answered_at_once_as_by_the_application() -> None:
    edge = Edge()
    edge.origin.body = b"hello " * LEAST_BYTES
    asked: list[dict[str, Any]] = [{}, {"accept_encoding": "gzip"}, {"origin": "https://shop.example"}]
    for headers in asked:
        scope = scope_of(PATH, **headers)
        assert edge.cache.takes(scope) == bool(edge.asked and "accept_encoding" not in headers), "it was asked before"
        await edge.get(**headers)
        edge.now += 1.5
        counted = Counter(edge.counted)
        assert edge.cache.takes(scope), headers
        head, _, body = edge.cache.answer(scope, b"").partition(b"\r\n\r\n")
        assert edge.counted - counted == {HITS: 1}
        status, *lines = head.decode().split("\r\n")
        pairs = dict(line.split(": ", 1) for line in lines)
        assert (status, pairs, body) == ("HTTP/1.1 200 OK", *astuple(await edge.get(**headers))[1:]), headers
    edge.now += 60
    assert not edge.cache.takes(scope_of(PATH)), "it has expired"


async def test_the_cache_leaves_what_is_not_kept_to_the_application() -> None:
    edge = Edge()
    await edge.get()
    assert edge.cache.takes(scope_of(PATH))
    for scope in (scope_of(PATH + b"0"), scope_of(PATH, method="HEAD"), scope_of(PATH, method="POST")):
        assert not edge.cache.takes(scope), scope
    assert edge.counted == {MISSES: 1, ORIGIN_REQUESTS: 1}


async def test_the_origin_gets_the_path_as_it_was_sent_and_nothing_of_the_reader() -> None:
    edge = Edge()
    for path in (PATH, PATH + b"/", b"/gallery/42/../43/key/7", b"/gallery/42/key%2F7", b"/gallery/42%2fkey/7"):
        got = await edge.get(path, query=b"token=secret", authorization="secret", cookie="c=1", origin="https://x")
        assert got.body == b"%b %d" % (path, edge.asked), "no two paths are the same object"
        scope = edge.origin.scopes[-1]
        assert (scope["raw_path"], scope["query_string"]) == (path, b"")
        assert {name for name, _ in scope["headers"]} == {b"host", b"user-agent"}


async def test_who_asks_while_the_origin_is_asked_waits_for_the_same_answer() -> None:
    edge = Edge()
    readers = await started(edge, 100)
    edge.origin.opened.set()
    assert {got.body for got in await asyncio.gather(*readers)} == {PATH + b" 1"}
    assert edge.counted == {MISSES: 100, ORIGIN_REQUESTS: 1}


async def test_a_reader_who_goes_away_takes_the_answer_from_nobody() -> None:
    edge = Edge()
    first, *others = await started(edge, 3)
    first.cancel()
    await asyncio.wait([first])
    edge.origin.opened.set()
    assert {got.body for got in await asyncio.gather(*others)} == {PATH + b" 1"}
    assert (await edge.get()).headers["x-cache"] == "Hit from cloudfront"
    assert edge.asked == 1


async def test_an_answer_that_may_not_be_kept_is_for_one_reader_alone() -> None:
    for cache_control in (b"no-store", b"private, max-age=60", b"no-cache, max-age=60", b"max-age=0", None):
        edge = Edge()
        edge.origin.cache_control = cache_control
        readers = await started(edge, 3)
        edge.origin.opened.set()
        bodies = {got.body for got in await asyncio.gather(*readers)}
        assert bodies == {PATH + b" %d" % number for number in (1, 2, 3)}, cache_control
        assert edge.counted == {MISSES: 3, ORIGIN_REQUESTS: 3}


async def test_an_error_is_kept_for_a_second() -> None:
    for status, cache_control in ((404, b"public, max-age=1"), (403, b"max-age=0"), (500, None), (503, b"max-age=0")):
        edge = Edge()
        edge.origin.status, edge.origin.cache_control = status, cache_control
        first = await edge.get()
        assert (first.status, first.headers["x-cache"]) == (status, "Error from cloudfront")
        edge.origin.status, edge.origin.cache_control = 200, SLOTS
        edge.now += 0.9
        assert (await edge.get()).body == first.body
        edge.now += 0.1
        assert (await edge.get()).status == 200, f"{status} is kept for more than a second"
        assert edge.asked == 2


async def test_an_origin_that_fails_gives_502_for_a_second() -> None:
    edge = Edge()
    edge.origin.failure = ConnectionError("killed")
    readers = await started(edge, 3)
    edge.origin.opened.set()
    assert {got.status for got in await asyncio.gather(*readers)} == {502}
    edge.origin.failure = None
    assert (edge.asked, (await edge.get()).status) == (1, 502)
    edge.now += 1
    assert (await edge.get()).status == 200


async def test_an_origin_that_says_nothing_gives_502() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None: ...

    edge = Edge()
    edge.cache = EdgeCache(silent, count=lambda name, number: None)
    assert (await edge.get()).status == 502


async def test_long_texts_are_compressed_for_who_accepts_it() -> None:
    edge = Edge()
    edge.origin.body = json.dumps({"objects": ["hello"] * LEAST_BYTES}).encode()
    plain, packed = await edge.get(), await edge.get(accept_encoding="br, gzip")
    assert (plain.body, plain.headers.get("content-encoding")) == (edge.origin.body, None)
    assert (gzip.decompress(packed.body), packed.headers["content-encoding"]) == (edge.origin.body, "gzip")
    assert packed.headers["content-length"] == str(len(packed.body))
    again = await edge.get(accept_encoding="gzip")
    assert (again.body, edge.asked) == (packed.body, 2), "the two forms are one object each"
    for body, path in ((b"x" * (LEAST_BYTES - 1), b"/gallery/1"), (b"", b"/gallery/2")):
        edge.origin.body = body
        assert (await edge.get(path, accept_encoding="gzip")).body == body
    edge.origin.body, edge.origin.status = b"x" * LEAST_BYTES, 500
    assert (await edge.get(b"/gallery/3", accept_encoding="gzip")).body == edge.origin.body


@pytest.mark.parametrize(
    ("accepted", "answer"),
    [
        *(("gzip", True), ("GZIP;q=0.5, br", True), ("br, gzip", True)),
        *(("gzip;q=0", False), ("gzip; q=0.0", False), ("br", False), ("", False), ("xgzip", False), ("*", False)),
    ],
)
def test_gzip_is_accepted_by_its_name(accepted: str, answer: bool) -> None:
    assert accepts_gzip(accepted) == answer


async def test_head_gets_the_headers_of_get() -> None:
    edge = Edge()
    asked = await edge.get(method="HEAD")
    got = await edge.get()
    assert (asked.body, asked.headers["content-length"]) == (b"", got.headers["content-length"])
    assert [scope["method"] for scope in edge.origin.scopes] == ["GET"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(method: str) -> None:
    edge = Edge()
    assert (await edge.get(method=method)).status == 403
    assert (edge.asked, edge.counted) == (0, {})


async def test_any_page_may_read_also_what_the_origin_did_not_allow() -> None:
    edge = Edge()
    assert (await edge.get(origin="https://shop.example")).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await edge.get()).headers


@pytest.mark.parametrize(
    ("status", "cache_control", "seconds"),
    [
        *((200, "max-age=60", 60), (200, "public, max-age=3600", 60), (200, "max-age=9, s-maxage=2", 2)),
        *((200, "max-age=-1", 0), (200, "max-age=x", 0), (200, "max-age", 0), (200, 'Max-Age="5"', 5)),
        *((200, "", 0), (200, "private, max-age=5", 0), (301, "max-age=5", 5)),
        *((404, "", 1), (404, "max-age=0", 1), (404, "max-age=5", 5), (404, "max-age=3600", 60)),
        *((400, "", 0), (403, "no-store", 0), (403, "max-age=0", 1), (416, "max-age=5", 0)),
        *((500, "no-store", 1), (401, "", 0), (429, "max-age=5", 0)),
    ],
)
def test_how_long_an_answer_is_kept(status: int, cache_control: str, seconds: int) -> None:
    headers: list[Any] = [(b"cache-control", cache_control.encode())] if cache_control else []
    assert seconds_kept(status, headers) == seconds


async def test_a_cache_that_stops_asks_no_more() -> None:
    edge = Edge()
    readers = await started(edge, 2)
    await edge.cache.stop()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(each) for each in found] == [asyncio.CancelledError] * 2


async def test_what_has_expired_is_forgotten() -> None:
    edge = Edge()
    for number in range(100):
        await edge.get(b"/gallery/%d" % number)
    edge.now += 60
    await edge.get()
    assert len(edge.cache) == 1
