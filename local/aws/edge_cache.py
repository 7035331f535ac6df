"""CloudFront's cache, as the gallery uses it: many readers ask for the same object, and the origin is asked once.

Faithful, by CloudFront's documentation:
- An object is known by its path as it was sent, and by whether gzip is accepted, if that is asked for by the cache
  policy. Queries, cookies and other headers neither tell objects apart nor come to the origin.
- It is kept for as long as `s-maxage` or `max-age` of its Cache-Control says, between 0 and MOST_SECONDS; not at all
  with `no-store`, `no-cache` or `private`, and not without a Cache-Control.
- Errors of the statuses ERRORS are kept for ERROR_SECONDS at least, and no longer than MOST_SECONDS. So are those of
  ERRORS_WITH_AGE that come with a `max-age`; without one they are not kept.
- Who asks for an object while the origin is asked for it waits for that answer (requests are collapsed).
- Text from LEAST_BYTES on is compressed for who accepts gzip.
- Methods other than GET and HEAD get 403. Answers to requests with an Origin say that any origin may read them.

Not faithful: there is one cache, where CloudFront has one at each edge location, in each Region and in Origin Shield,
each of which asks the next; nothing is evicted before its time; nothing expired is served while the origin fails; no
brotli, no ranges, no conditional requests; an origin that cannot be reached gives 502 at once, where CloudFront tries
three times.
Not known: whether an answer that may not be kept is for all who waited for it (here it is for one alone, and the others
ask for themselves), whether the origin is asked with HEAD if that is the first request for an object (here always with
GET), whether a path with dot segments or needless escapes is the same object as the plain one (here it is another), and
whether an answer is kept if all who asked for it went away (here it is).
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
"""

import asyncio
import gzip
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from functions.runtime.settings import EDGE_HEADER
from local.aws.asgi import Asgi, Headers, Message, Receive, Scope, Send, respond
from local.aws.direct import response

logger = logging.getLogger(__name__)

MOST_SECONDS = 60
ERROR_SECONDS = 1
LEAST_BYTES = 1000
ERRORS = {404, 405, 414, 500, 501, 502, 503, 504}
ERRORS_WITH_AGE = {400, 403, 412, 415}
COMPRESSED_STATUSES = {200, 403, 404}
COMPRESSED_TYPES = ("application/json", "text/")
# The names of the figures in /_local/metrics. A miss waits for the origin, whether it asks by itself or with others.
HITS, MISSES, ORIGIN_REQUESTS = "CacheHits", "CacheMisses", "OriginRequests"
ORIGIN_HOST = b"local.execute-api.localhost"
_EDGE_HEADER = EDGE_HEADER.encode()
_ALLOW_ORIGIN = b"access-control-allow-origin"
_REFUSAL = b"This distribution is not configured to allow the HTTP request method that was used for this request."

Key = tuple[bytes, bool]


@dataclass(frozen=True)
class Answer:
    """What the origin said at `at`, and may be said again until `until`."""

    status: int
    headers: Headers
    body: bytes
    at: float
    until: float


class EdgeCache:
    """An ASGI application in front of the origin `app`. `count` is told of hits, misses and origin requests.

    It is a Direct as well, for what is kept.
    """

    limit = 0

    def __init__(
        self, app: Asgi, *, count: Callable[[str, int], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._count = count
        self._now = now
        self._kept: dict[Key, Answer] = {}
        self._asked: dict[Key, asyncio.Task[Answer]] = {}
        self._alone: set[asyncio.Task[Answer]] = set()

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._kept)

    async def stop(self) -> None:
        """Ask the origin nothing more."""
        tasks = [*self._asked.values(), *self._alone]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of type `http`."""
        if scope["method"] not in ("GET", "HEAD"):
            await respond(
                send, 403, [(b"content-type", b"text/plain"), (b"x-cache", b"Error from cloudfront")], _REFUSAL
            )
            return
        answer, is_hit = await self._answer(_key(scope), scope)
        headers = self._headers(answer, scope, is_hit=is_hit)
        if scope["method"] == "HEAD":
            headers.append((b"content-length", b"%d" % len(answer.body)))
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await respond(send, answer.status, headers, answer.body)

    def takes(self, scope: Scope) -> bool:
        return scope["method"] == "GET" and self._fresh(_key(scope)) is not None

    def answer(self, scope: Scope, body: bytes) -> bytes:
        # The head of a request without a body is its end: nothing has changed since `takes`.
        answer = self._kept[_key(scope)]
        self._count(HITS, 1)
        return response(answer.status, self._headers(answer, scope, is_hit=True), answer.body)

    def _headers(self, answer: Answer, scope: Scope, *, is_hit: bool) -> Headers:
        headers = [*answer.headers, (b"x-cache", _came_from(answer, is_hit))]
        if is_hit:
            headers.append((b"age", b"%d" % (self._now() - answer.at)))
        if b"origin" in dict(scope["headers"]) and not any(name == _ALLOW_ORIGIN for name, _ in headers):
            headers.append((_ALLOW_ORIGIN, b"*"))
        return headers

    def _fresh(self, key: Key) -> Answer | None:
        """What is kept for a key, and may still be told."""
        kept = self._kept.get(key)
        return kept if kept is not None and self._now() < kept.until else None

    async def _answer(self, key: Key, scope: Scope) -> tuple[Answer, bool]:
        """The answer for a key, and whether it was in the cache."""
        kept = self._fresh(key)
        if kept is not None:
            self._count(HITS, 1)
            return kept, True
        self._count(MISSES, 1)
        others = self._asked.get(key)
        if others is None:
            task = self._asked[key] = asyncio.create_task(self._ask(key, scope))
            task.add_done_callback(lambda _: self._asked.pop(key))
            # Who goes away does not take the answer away from those who wait for it, too.
            return await asyncio.shield(task), False
        answer = await asyncio.shield(others)
        if answer.until > answer.at:
            return answer, False
        task = asyncio.create_task(self._ask(key, scope))
        self._alone.add(task)
        task.add_done_callback(self._alone.discard)
        return await asyncio.shield(task), False

    async def _ask(self, key: Key, scope: Scope) -> Answer:
        """Ask the origin, and keep what it says."""
        self._count(ORIGIN_REQUESTS, 1)
        status, headers, body = await self._fetch(scope)
        at = self._now()
        answer = Answer(status, headers, body, at, at + seconds_kept(status, headers))
        if key[1]:
            answer = compressed(answer)
        self._kept = {other: kept for other, kept in self._kept.items() if at < kept.until}
        if answer.until > at:
            self._kept[key] = answer
        return answer

    async def _fetch(self, scope: Scope) -> tuple[int, Headers, bytes]:
        secret = [pair for pair in scope["headers"] if pair[0] == _EDGE_HEADER]
        headers = [(b"host", ORIGIN_HOST), (b"user-agent", b"Amazon CloudFront"), *secret]
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            said.append(message)

        try:
            await self._app({**scope, "method": "GET", "query_string": b"", "headers": headers}, receive, send)
            start, *parts = said
        except Exception:
            logger.exception("the origin failed at %s", scope["raw_path"])
            return 502, [(b"content-type", b"text/plain")], b"The origin could not be reached."
        body = b"".join(part.get("body", b"") for part in parts)
        return start["status"], [pair for pair in start["headers"] if pair[0] != b"content-length"], body


def _key(scope: Scope) -> Key:
    return scope["raw_path"], accepts_gzip(dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1"))


def _came_from(answer: Answer, is_hit: bool) -> bytes:
    if answer.status >= 400:
        return b"Error from cloudfront"
    return b"Hit from cloudfront" if is_hit else b"Miss from cloudfront"


@lru_cache(maxsize=100)
def accepts_gzip(accept_encoding: str) -> bool:
    for one in accept_encoding.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        if name == "gzip":
            return not any(
                parameter.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters
            )
    return False


def seconds_kept(status: int, headers: Headers) -> int:
    """How long an answer may be kept, by its status and its Cache-Control."""
    text = ",".join(value.decode("latin-1") for name, value in headers if name == b"cache-control").lower()
    directives = dict[str, str]()
    for one in text.split(","):
        name, _, value = one.strip().partition("=")
        directives[name] = value.strip('"')
    age = directives.get("s-maxage", directives.get("max-age", ""))
    told = int(age) if age.isdecimal() and not directives.keys() & {"no-store", "no-cache", "private"} else 0
    if status >= 400:
        is_kept = status in ERRORS or (status in ERRORS_WITH_AGE and age.isdecimal())
        return min(max(ERROR_SECONDS, told), MOST_SECONDS) if is_kept else 0
    return min(told, MOST_SECONDS)


def compressed(answer: Answer) -> Answer:
    """The answer in gzip, if it is worth it."""
    given = dict(answer.headers)
    is_text = given.get(b"content-type", b"").decode("latin-1").startswith(COMPRESSED_TYPES)
    if (
        answer.status not in COMPRESSED_STATUSES
        or len(answer.body) < LEAST_BYTES
        or not is_text
        or b"content-encoding" in given
    ):
        return answer
    headers = [*answer.headers, (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
    return replace(answer, headers=headers, body=gzip.compress(answer.body, mtime=0))
