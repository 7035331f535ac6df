"""`Idempotency-Key`: a call that is made again under its key is answered as it was the first time, and does nothing.

An answer is kept once the call has succeeded. A call that failed is done when it is made again: a part of it may have
been done, and what it publishes has the key for its id, so it is shown once and stored once (audit.py). A call that
comes while the first is under way is told to come again.

There is one place for all calls: `CallId` looks the key up before a route does anything, behind the checks of who may
call, and `Answers` keeps what the route has answered.
"""

import hashlib
import logging
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, FastAPI, Header, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.kept_answers import KeptAnswers
from functions.adapters.redis.keys import answer_key
from functions.api.auth import Caller, caller
from functions.api.parts import Parts
from functions.rooms.identity import Malformed, parse_activity_id
from functions.rooms.text import ID_LENGTH
from functions.usecases.once import Unsettled

log = logging.getLogger(__name__)

# https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=ID_LENGTH,
        pattern="^[!-~]+$",
        description="An id of the caller's for this call, to be given again if the call is made again",
        examples=["3f1c9a52"],
    ),
]


class MadeBefore(Exception):
    """The call was made before, and has `answer`."""

    def __init__(self, answer: Response) -> None:
        super().__init__("the call was made before")
        self.answer = answer


@dataclass(frozen=True)
class Answer:
    """What a call was answered. Another call under the same key has another `digest`."""

    digest: str
    status: int
    body: bytes

    def pack(self) -> str:
        return f"{self.digest}:{self.status}:{self.body.decode()}"

    @classmethod
    def unpack(cls, packed: str) -> Self:
        digest, status, body = packed.split(":", 2)
        return cls(digest, int(status), body.encode())

    def response(self) -> Response:
        return Response(self.body, self.status, media_type="application/json" if self.body else None)


@dataclass(frozen=True)
class Call:
    """A call that is under way under a key."""

    answers: KeptAnswers
    key: str
    digest: str

    async def end(self, status: int, body: bytes) -> None:
        """Keep the answer of a call that has succeeded; a call that failed may be made again."""
        try:
            if 200 <= status < 300:
                await self.answers.keep(self.key, Answer(self.digest, status, body).pack())
            else:
                await self.answers.release(self.key)
        except StateUnavailable as error:
            # The call is over, whatever becomes of its answer. Until the key expires, who repeats it is told to wait.
            log.warning("the answer of a call is not kept: %s", error)


async def _call_id(
    request: Request, parts: Parts, caller: Annotated[Caller, Depends(caller)], key: _Key = None
) -> str | None:
    if key is None:
        return None
    room = request.path_params.get("activityId")
    name = answer_key(parse_activity_id(room) if room else None, caller.sub, key)
    call = Call(parts.answers, name, await _digest(request))
    if kept := await call.answers.begin(call.key, call.digest):
        _repeat(kept, call.digest)
    request.state.call = call
    return key


def _repeat(kept: str, digest: str) -> None:
    """Raise what becomes of a call whose key was used before: MadeBefore, Unsettled or Malformed."""
    if kept.partition(":")[0] != digest:
        raise Malformed("header.Idempotency-Key: it was used for another call")
    if kept == digest:
        raise Unsettled("the call is still under way, try again")
    raise MadeBefore(Answer.unpack(kept).response())


async def _digest(request: Request) -> str:
    """16 characters that tell two calls apart which were made under one key, by mistake."""
    what = f"{request.method} {request.scope['path']}?".encode() + request.scope["query_string"]
    return hashlib.sha256(what + b"\n" + await request.body()).hexdigest()[:16]


# The key of a call, None without one.
CallId = Annotated[str | None, Depends(_call_id)]


class Answers:
    """An ASGI application around `app`: ends the call that a request has begun, before anybody has its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        try:
            await self._app(scope, receive, hold)
        finally:
            call: Call | None = scope.get("state", {}).get("call")
            if call:
                status = held[0]["status"] if held else 500
                await call.end(status, b"".join(message.get("body", b"") for message in held))
        for message in held:
            await send(message)


async def _answer_again(request: Request, error: MadeBefore) -> Response:
    return error.answer


def install(app: FastAPI) -> None:
    """Have `app` keep the answers of calls under a key, and give them again."""
    app.add_exception_handler(MadeBefore, _answer_again)  # type: ignore[arg-type]  # it is called with this error alone
    app.add_middleware(Answers)
