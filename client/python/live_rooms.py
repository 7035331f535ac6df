"""The client of a room, for Python 3.11 and newer: one lasting connection, over as many WebSockets as needed, or over
HTTP where the room sends readers to its gallery.

    async with LiveRoom("wss://example.com/websocket", activity_id=42, username="alice") as room:
        room.on("chat", lambda chat: print(chat["fromusername"], chat["textMessage"]))
        await room.say("hello")

It reconnects after every interruption, asks for the messages that it missed, and delivers each chat and notice once. It
is one file on the package `websockets`, so that it can be copied. Names that begin with an underscore may change.

The events are those of live.js, with the same names and fields: see the project's docs/client.md. A handler gets one
dict, and may be a function or a coroutine function.
"""

import asyncio
import inspect
import json
import logging
import math
import random as randomness
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

Object = dict[str, Any]
Handler = Callable[[Object], Awaitable[None] | None]
TokenSource = str | Callable[[], str | Awaitable[str]]

log = logging.getLogger("live_rooms")

_NAMES = dict(enumerate(("reply", "joined", "left", "who", "chat", "online", "likes")))
_NAMES |= dict(enumerate(("welcome", "removed", "notice", "sanction", "settings", "leftOut", "properties"), start=8))
EVENTS = frozenset({"state", "gap", "refused", "fault", *_NAMES.values()} - {"reply", "who"})
# Each is delivered once. A leftOut has a seq if it stands for one object, which was too large.
_NUMBERED = {"chat", "notice", "leftOut"}
# The objects that are delivered before a connection is welcomed, and after another has replaced it.
_BEFORE = {"welcome", "sanction", "fault"}
_AFTER = {"chat", "notice", "removed", "reply", "who"}

_SEEN = 1000  # so many seqs are remembered; a room keeps 300 chats and notices
_ID_MS = 300_000  # a user's id names one chat for so long
_LIKES_PER_FRAME, _LIKES_WAITING = 100, 1000
# What the room takes. A character is a code point.
_FRAME_BYTES, _EXTRA_BYTES, _TEXT_LENGTH, _USER_ID_LENGTH, _PAGE_LIMIT = 4096, 1024, 500, 64, 200
_MOST = 2**53 - 1
# A frame that is refused for one of these is refused however often it is sent.
_NEVER = {"too_long", "bad_json", "bad_type", "bad_field"}
_TOO_LARGE = 1009  # the close code of a connection that was sent too large a frame
# Whoever is refused for one of these is refused however often it is tried. A ban may end, which `retryAfter` tells.
_FINAL = {"origin", "bad_field", "name_missing", "name_rejected", "banned", "banned_everywhere", "kicked"}
# A function may make a better token.
_OF_TOKEN = {"token_missing", "token_invalid", "token_expired", "token_other_room"}
_BEHIND_SLOTS = 30  # who asks for an older slot misses it alone
_RENEWALS_A_SECOND = 500  # of all readers of a room together, where all of them must renew their places
_MOST_FAILURES = 3  # so many requests to the gallery fail in a row before another way is tried
# The statuses with which the room refuses whoever asks for a place.
_REFUSALS = {400, 401, 403}


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long things take, in seconds. Only tests have a reason to change it."""

    shortest_wait: float = 0.5
    longest_wait: float = 30
    steady: float = 10  # a connection that lasted so long resets the backoff
    enter: float = 30  # for the token, the handshake and the welcome together
    answer: float = 10
    lost: float = 60  # the server recognises a repeated id for five minutes
    linger: float = 5  # for objects that are still on their way to a replaced connection
    like: float = 1
    heartbeat: float = 60  # if the welcome names none
    rotate: tuple[float, float] = (95 * 60, 115 * 60)  # the gateway cuts at two hours
    seat: float = 300  # who belongs into the gallery keeps a seat for so long after the last word
    slot: float = 1
    spread: float = 0.3  # readers ask for a slot within so long after its end
    read: float = 15  # an answer waits for up to five slots


class Refused(Exception):
    """A frame was refused. `code` is one of the protocol's, or "lost" (no answer came), or "closed". `retry_after`:
    seconds, if a retry may succeed."""

    def __init__(self, reply: Object) -> None:
        super().__init__(str(reply.get("message") or reply.get("error")))
        self.code = str(reply.get("error"))
        wait = reply.get("retryAfter")
        self.retry_after: float | None = wait if _is_positive(wait) else None


@dataclass(eq=False)
class _Ask:
    """A frame that waits for an answer. `answers` gets replies, and None when the frame is to be sent again at once."""

    id: str
    frame: Object
    bytes: int
    link: "_Lane | None" = None
    answers: asyncio.Queue[Object | None] = field(default_factory=asyncio.Queue)


class LiveRoom:
    """A viewer's side of a room.

    The gateway ends every connection after two hours, so a room opens the next one before that. It then has up to three
    links: `_link` is in use, `_next` is not welcomed yet, and `_last` was replaced by `_link` and stays open for a few
    seconds, until what was on its way has come. Two links may bring the same chat, so `_seen` drops the second.

    A link is a _Link, which is a seat in the room, or a _Reader, which is a place in its gallery. Going from one to the
    other is as replacing a connection: the new one is welcomed with what came since the cursor, and then the old one is
    given up.
    """

    def __init__(
        self,
        url: str,
        *,
        activity_id: int | str | None = None,
        username: str | None = None,
        user_id: str | None = None,
        avatar: str | None = None,
        attributes: dict[str, str] | None = None,
        token: TokenSource | None = None,
        api: str | None = None,
        gallery: bool = True,
        random: Callable[[], float] = randomness.random,
        timing: Timing | None = None,
    ) -> None:
        """`token`: a JWT, or a function or coroutine function that makes one for each connection. `api`: where the HTTP
        API is, `https://…` without the path `/api`; it is asked whether this viewer reads in the gallery, and why a
        connection was refused. `gallery`: False if the rooms have none, or this viewer needs a seat; then nobody is
        asked for a place. Raises ValueError."""
        given = {"activityId": activity_id, "username": username, "userId": user_id, "avatar": avatar}
        shown = {"attributes": json.dumps(attributes)} if attributes is not None else {}
        self._who = {name: str(value) for name, value in (given | shown).items() if value is not None}
        self._url, self._api, self._token = url, api, token
        _check_address(_address(url, self._who, ""), api)
        if not callable(token):
            _check_token(token)
        self._may_ask = api is not None and gallery
        self._gallery: _Gallery | None = None
        # Whether this viewer belongs into the gallery; None before the room has said so.
        self._reads: bool | None = False
        self._spoken = -math.inf  # when the viewer spoke last
        self._unasked = 0  # so many times in a row the API could not say where this viewer belongs
        self._rotate_at = math.inf
        self._random, self._timing = random, timing or Timing()
        self._handlers: dict[str, list[Handler]] = {}
        self._properties: Object = {}
        self._asks: dict[str, _Ask] = {}
        self._seen = _Seen()
        self._link: _Lane | None = None
        self._next: _Lane | None = None
        self._last: _Lane | None = None
        self._staying: asyncio.Task[None] | None = None
        self._background: set[asyncio.Future[Any]] = set()
        self._handling: set[asyncio.Future[Any]] = set()
        self._liking: asyncio.TimerHandle | None = None
        self._likes = self._ids = self._attempt = self._bad_tokens = 0
        self._name = secrets.token_hex(6)
        self._bearer: str | None = None
        self._takers = {
            "welcome": self._take_welcome,
            "removed": self._take_removed,
            "properties": self._take_properties,
            "reply": self._take_reply,
            "who": self._take_page,
            "sanction": self._take_sanction,
        }

    # What an application calls.

    def on(self, name: str, handler: Handler) -> Callable[[], None]:
        """Call `handler` with each event of this name. Returns a function that ends this. Raises ValueError."""
        if name not in EVENTS:
            raise ValueError(f"on: the name is one of {', '.join(sorted(EVENTS))}")
        handlers = self._handlers.setdefault(name, [])
        handlers.append(handler)
        return lambda: handlers.remove(handler) if handler in handlers else None

    def connect(self) -> None:
        """Enter the room and stay in it. The answer is a `welcome`. Needs a running event loop."""
        if self._staying is None:
            self._bad_tokens = self._unasked = 0
            self._gallery = _Gallery(self, str(self._api)) if self._may_ask else None
            self._reads = None if self._gallery else False
            self._spoken = -math.inf
            self._staying = asyncio.ensure_future(self._stay())

    async def close(self) -> None:
        """Leave. Calls that still wait for an answer raise Refused with the code "closed"."""
        if self._staying is not None:
            self._finish("closed")
        while others := self._background - {asyncio.current_task()}:
            await asyncio.gather(*others, return_exceptions=True)

    async def __aenter__(self) -> Self:
        self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def say(self, text: str, *, to: str | None = None, extra: Object | None = None) -> Object:
        """Say `text` to the room, or to the user `to` alone: `{"seq", "id"}`.

        Without a connection it waits for the next one. A chat that is not answered is sent again, and published once.
        `extra` comes beside the text: at most 1,024 bytes as JSON. Raises Refused, and ValueError for other arguments.
        """
        if not isinstance(text, str):
            raise ValueError("say: the text is a string")
        if to is not None and not _is_text(to, 1, _USER_ID_LENGTH):
            raise ValueError(f"say: to is a userId of 1 to {_USER_ID_LENGTH} characters")
        if extra is not None and not isinstance(extra, dict):
            raise ValueError("say: extra is a dict")
        beside = {"to": to, "extra": extra}
        frame = {"messageType": 4, "message": text.strip()}
        reply = await self._ask(frame | {name: value for name, value in beside.items() if value is not None})
        return {"seq": reply.get("seq"), "id": reply.get("id")}

    async def who(self, *, limit: int | None = None, cursor: str | None = None) -> Object:
        """A page of the users in the room: `{"users", "onlineNumber", "cursor"}`. `cursor` is that of the page before.
        Raises Refused, and ValueError."""
        if limit is not None and not _is_whole(limit, 1, _PAGE_LIMIT):
            raise ValueError(f"who: limit is an integer from 1 to {_PAGE_LIMIT}")
        frame: Object = (
            {"messageType": 3} | ({"limit": limit} if limit else {}) | ({"cursor": cursor} if cursor else {})
        )
        page = await self._ask(frame)
        return {
            "users": page.get("users") or [],
            "onlineNumber": page.get("onlineNumber"),
            "cursor": page.get("cursor"),
        }

    def like(self, count: int = 1) -> None:
        """Send likes: they are added up and sent once a second. At most 1,000 wait. Raises ValueError."""
        if not _is_whole(count, 1, _LIKES_WAITING):
            raise ValueError(f"like: the count is an integer from 1 to {_LIKES_WAITING}")
        if self._staying is not None:
            self._likes = min(self._likes + count, _LIKES_WAITING)
            self._speak()
            self._like_soon()

    @property
    def properties(self) -> Object:
        """The room's properties as they were last told; a copy."""
        return dict(self._properties)

    # How it stays in the room.

    async def _stay(self) -> None:
        """Enter, hold the connection until it is lost, wait, and enter again; until `_finish` ends this."""
        while True:
            self._emit("state", {"name": "connecting"})
            why, is_put_out = await self._enter(), False
            if why is None:
                is_put_out = await self._hold()
                if not is_put_out:
                    await self._wait(lost=True, why={})
                    continue
                why = {}
            if "reason" not in why and self._api:
                why |= await self._explain()
            reason = why.get("reason")
            self._bad_tokens = self._bad_tokens + 1 if reason in _OF_TOKEN else 0
            # A function may have kept a token that was valid: it is called once more.
            is_of_token = self._bad_tokens > callable(self._token)
            # As with a seat that is taken away, a reader does not wait for the end of a ban.
            if is_of_token or (reason in _FINAL and (is_put_out or not why.get("retryAfter"))):
                self._finish(str(reason), why)
                return
            await self._wait(lost=False, why=why)

    async def _enter(self) -> Object | None:
        """Open a connection: the first one, one after an interruption, or one beside the present one. Returns None once
        it is welcomed and in use, or the present one is to be kept; else what is known of why not."""
        try:
            async with asyncio.timeout(self._timing.enter):
                self._bearer = await self._fetch_token()
        except Exception as error:
            self._emit("fault", {"message": str(error) or "there was no token in time"})
            return {"reason": "token_unavailable"}
        if self._gallery is not None and self._may_read():
            answer = await self._gallery.take()
            if not self._may_read():  # the viewer has spoken meanwhile
                self._gallery.leave(answer.told)
            elif answer.lane == "gallery":
                self._begin_to_read(self._gallery, answer)
                return None
            elif (why := self._answered_otherwise(answer)) is not None:
                return why
            if self._link is not None and self._link.speaks:
                return None
        return await self._take_seat()

    def _begin_to_read(self, gallery: "_Gallery", answer: "_Answer") -> None:
        self._reads, self._unasked = True, 0
        reader = self._next = _Reader(self, gallery)
        reader.begin(answer.told)

    def _answered_otherwise(self, answer: "_Answer") -> Object | None:
        """There was an answer to who asked for a place, and it is no place. Returns why there is no connection now, or
        None: the viewer takes a seat."""
        busy = answer.status == 429 or answer.status >= 500
        # Readers who lose the API do not all take seats.
        is_to_wait = busy and self._unasked < _MOST_FAILURES
        if self._reads:
            is_to_wait = answer.lane != "seat" and not answer.error
        if answer.error == "kicked":
            return {"reason": "kicked"}
        if answer.status == 429 and answer.retry_after:
            return {"reason": "too_often", "retryAfter": answer.retry_after}
        if is_to_wait:
            self._unasked += 1
            return {"reason": "unavailable" if answer.status else "unreachable"}
        # Who is refused is so at the handshake, too, and is told why.
        if not answer.error or self._link is not None:
            self._reads = False
        return None

    async def _take_seat(self) -> Object | None:
        link = self._next = _Link(self)
        protocols = ["live.v1", *([f"bearer.{self._bearer}"] if self._bearer else [])]
        why: Object = {}
        try:
            async with asyncio.timeout(self._timing.enter):
                await link.open(_address(self._url, self._who, self._seen.cursor), protocols)
                await link.settled.wait()
        except InvalidStatus as refused:
            why = {"status": refused.response.status_code}
        except (WebSocketException, OSError, TimeoutError) as error:
            log.debug("no connection: %s", error)
        if link.welcomed_at is not None:
            return None
        self._next = None
        link.drop()
        return why

    async def _fetch_token(self) -> str | None:
        if not callable(self._token):
            return self._token
        made = self._token()
        token = await made if inspect.isawaitable(made) else made
        _check_token(token)
        return token

    async def _hold(self) -> bool:
        """Return when the connection in use is lost: True if the room refuses to keep this viewer. Until then, whenever
        another connection is due, it replaces the one in use."""
        while (link := self._link) is not None:
            while self._link is link and (left := self._due_in(link)) > 0:
                await link.changed_within(left)
            while self._link is link and self._due_in(link) <= 0:
                if await self._enter() is None:
                    break
                await link.ended_within(self._backoff())
            if self._link is None and link.is_put_out:
                return True
        return False

    def _due_in(self, link: "_Lane") -> float:
        """The seconds after which another connection is to replace this one: before the gateway ends a seat, a while
        after the last word of a viewer who belongs into the gallery, and at once if a reader wants to speak."""
        if not link.speaks:
            return math.inf if self._may_read() else 0
        rotate, back = self._rotate_at, math.inf if self._reads is False else self._spoken + self._timing.seat
        return min(rotate, back) - time.monotonic()

    def _may_read(self) -> bool:
        """Whether the next connection is perhaps none, but a place in the gallery."""
        return self._reads is not False and time.monotonic() - self._spoken >= self._timing.seat

    def _speak(self) -> None:
        """Only who has a seat can speak: take one, or keep it."""
        self._spoken = time.monotonic()
        if self._link is not None:
            self._link.changed.set()

    def _put_out(self, link: "_Lane", answer: "_Answer") -> None:
        """A place was not renewed: the viewer is refused, or the room has a seat now, and no place."""
        if link is not self._link:
            return
        if answer.lane == "seat":
            self._reads = False
            link.changed.set()
        elif answer.error == "kicked":
            self._finish("kicked")
        else:
            self._link, link.is_put_out = None, True
            link.drop()

    async def _wait(self, *, lost: bool, why: Object) -> None:
        wait = why.get("retryAfter")
        delay = self._backoff() if wait is None else float(wait) + self._random()
        self._emit("state", {"name": "waiting", "delayMs": delay * 1000, "lost": lost, **why})
        await asyncio.sleep(delay)

    def _backoff(self) -> float:
        """Exponential, with full jitter: viewers who lose the server together do not return together."""
        longest: float = min(self._timing.longest_wait, self._timing.shortest_wait * 2 ** min(self._attempt, 16))
        self._attempt += 1
        return self._random() * longest

    async def _explain(self) -> Object:
        """What the HTTP API says of this viewer: an object with a reason."""
        url, token = _question(str(self._api), _address(self._url, self._who, self._seen.cursor))
        bearer = self._bearer or token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return await asyncio.to_thread(_admission, url, headers, self._timing.answer)

    def _finish(self, reason: str, why: Object | None = None) -> None:
        staying, self._staying = self._staying, None
        if staying is not None and staying is not asyncio.current_task():
            staying.cancel()
            self._keep(staying)
        for link in (self._link, self._next, self._last):
            if link is not None:
                link.drop()
        self._link = self._next = self._last = None
        if self._gallery is not None:
            self._gallery.close()
        self._likes = 0
        for ask in self._asks.values():
            ask.answers.put_nowait({"ok": False, "error": "closed"})
        self._emit("state", {**(why or {}), "name": "closed", "reason": reason})

    def _keep(self, work: asyncio.Future[Any]) -> None:
        """Keep a task until it is done: the event loop itself does not."""
        self._background.add(work)
        work.add_done_callback(self._background.discard)

    def _emit(self, name: str, event: Object) -> None:
        if self._staying is None and name != "state":
            return  # a handler of an earlier object of the frame has closed the room
        for handler in [*self._handlers.get(name, ())]:
            try:
                made = handler(event)
            except Exception:
                log.exception("a handler of %s failed", name)
                continue
            if inspect.isawaitable(made):
                handling = asyncio.ensure_future(_reported(made, name))
                self._handling.add(handling)
                handling.add_done_callback(self._handling.discard)

    # What comes.

    def _take(self, thing: Object, link: "_Lane", *, is_letter: bool = False) -> None:
        """An object of a frame. A letter is for this viewer alone, and says nothing of what others have been told
        before it."""
        if not self._has(link):
            return
        name = _name_of(thing) if "messageType" in thing else "fault"
        if name is None or (link is self._next and name not in _BEFORE):
            return
        if link is self._last and not (name in _AFTER and link.epoch == self._seen.epoch):
            return
        if name in _NUMBERED:
            self._take_numbered(name, thing, replayed=False, in_use=link is self._link and not is_letter)
        elif name in self._takers:
            self._takers[name](thing, link)
        else:
            self._emit(name, thing)

    def _has(self, link: "_Lane") -> bool:
        """Whether this link still counts: a handler of an earlier object of its frame may have ended it."""
        return link in (self._link, self._next, self._last)

    def _take_numbered(self, name: str, thing: Object, *, replayed: bool, in_use: bool) -> None:
        # Objects of a replaced connection may be ahead of those of the present one, so they do not move the cursor.
        if in_use:
            self._seen.reach(thing.get("seq"))
        if self._seen.add(thing):
            self._emit(name, {**thing, "replayed": replayed})

    def _take_welcome(self, welcome: Object, link: "_Lane") -> None:
        resumed, before = self._seen.cursor != "", self._link
        spoke = before is not None and before.speaks
        self._seen.enter(welcome.get("cursor"))
        link.welcomed(self._seen.epoch, welcome.get("heartbeatSeconds"))
        if link is self._next:
            self._use(link)
        self._bad_tokens = 0
        if before is None or spoke is not link.speaks:
            self._emit("state", {"name": "open", "lane": "seat" if link.speaks else "gallery"})
        if not self._tell({**welcome, "resumed": resumed}, link):
            return
        self._seen.reach(_parsed(welcome.get("cursor"))[1])
        if link.speaks and not spoke:
            for ask in self._asks.values():
                ask.answers.put_nowait(None)
        self._like_soon()

    def _use(self, link: "_Lane") -> None:
        """The welcomed link replaces the one in use, which stays open for a while to deliver what is on its way."""
        last = self._last
        # Who reads on beside a seat does so, too, when the seat is lost and another takes its place.
        if self._link is not None or not link.speaks or last is None or last.speaks:
            self._last = self._link
        self._link, self._next = link, None
        least, most = self._timing.rotate
        self._rotate_at = time.monotonic() + least + self._random() * (most - least)
        if last is not self._last:
            if last is not None:
                last.let_go()
            if self._last is not None:
                self._last.retire(self._timing.linger)

    @property
    def _is_reading(self) -> bool:
        """Whether this viewer reads in the gallery, perhaps beside a seat."""
        return any(link is not None and not link.speaks for link in (self._link, self._last))

    def _tell(self, welcome: Object, link: "_Lane") -> bool:
        """Deliver a welcome and what it brings. Returns whether all of it was: any handler may close the room."""
        steps: list[Callable[[], None]] = [lambda: self._emit("welcome", welcome), lambda: self._renew(welcome)]
        if welcome.get("gap"):
            steps.append(lambda: self._emit("gap", welcome))
        history = welcome.get("history")
        for old in history if isinstance(history, list) else []:
            kind = _name_of(old) if isinstance(old, dict) else None
            if kind in _NUMBERED:
                steps.append(lambda kind=kind, old=old: self._take_numbered(kind, old, replayed=True, in_use=True))  # type: ignore[misc]
        for step in steps:
            if self._has(link):
                step()
        return self._has(link)

    def _renew(self, welcome: Object) -> None:
        """A welcome has all properties: what differs has changed meanwhile."""
        told = welcome.get("properties")
        now: Object = told if isinstance(told, dict) else {}
        names = {**self._properties, **now}
        changed = {name: now.get(name) for name in names if self._properties.get(name) != now.get(name)}
        if changed:
            self._change(changed)

    def _take_properties(self, thing: Object, _: "_Lane") -> None:
        if isinstance(thing.get("properties"), dict):
            self._change(thing["properties"])

    def _change(self, changes: Object) -> None:
        self._properties = {
            name: value for name, value in (self._properties | changes).items() if changes.get(name, value) is not None
        }
        self._emit("properties", {"changed": changes, "properties": self.properties})

    def _take_removed(self, thing: Object, link: "_Lane") -> None:
        user_id, seqs = thing.get("userId"), thing.get("seqs")
        if not isinstance(user_id, str):
            self._remove(thing.get("seq"), {}, link)
            return
        # The room's history named those in `seqs`; what was delivered here may be older, or private.
        for seq in [*(seqs if isinstance(seqs, list) else []), *self._seen.said_by(user_id)]:
            self._remove(seq, {"userId": user_id}, link)

    def _remove(self, seq: Any, who: Object, link: "_Lane") -> None:
        if self._has(link) and _is_whole(seq, 0, _MOST) and self._seen.remove(seq):
            self._emit("removed", {"messageType": 9, "seq": seq, **who})

    def _take_sanction(self, sanction: Object, link: "_Lane") -> None:
        action, reason, seconds = (sanction.get(name) for name in ("action", "reason", "seconds"))
        is_replaced = action == "kicked" and reason == "replaced"
        has_another = self._next is not None if link is self._link else self._link is not None
        if is_replaced and has_another:
            # A connection that this client is about to replace may be the oldest of too many.
            link.end()
            return
        self._emit("sanction", sanction)
        if not self._has(link) or action not in ("kicked", "banned"):
            return
        by_room = is_replaced or (action == "banned" and reason == "flooding")
        why: Object = {"retryAfter": seconds} if _is_positive(seconds) else {}
        self._finish(str(reason if by_room else action), why | ({"text": reason} if reason and not by_room else {}))

    def _take_reply(self, reply: Object, link: "_Lane") -> None:
        # If a frame was too large or could not be read, the reply has no id.
        nameless = reply.get("id") is None and reply.get("error") in _NEVER
        ask = self._largest(link) if nameless else self._asks.get(str(reply.get("id")))
        if ask is not None:
            # The answer to who is here is the page that follows.
            if not reply.get("ok") or ask.frame["messageType"] == 4:
                ask.answers.put_nowait(reply)
        elif not reply.get("ok"):
            refused = Refused(reply)
            known = {"code": refused.code, "message": str(refused), "retryAfter": refused.retry_after}
            self._emit("refused", known)

    def _take_page(self, page: Object, _: "_Lane") -> None:
        if ask := self._asks.get(str(page.get("id"))):
            ask.answers.put_nowait({"ok": True, **page})

    def _lost(self, link: "_Lane", code: int | None) -> None:
        """A link has ended by itself."""
        if code == _TOO_LARGE and (culprit := self._largest(link)):
            too_large = "the frame was too large for the connection"
            culprit.answers.put_nowait({"ok": False, "error": "too_long", "message": too_large})
        if link is self._last:
            self._last = None
        if link is self._link:
            if link.age() >= self._timing.steady:
                self._attempt = 0
            self._link = None
            if self._next is not None:
                self._emit("state", {"name": "connecting"})

    # What is sent.

    async def _ask(self, frame: Object) -> Object:
        """Send a frame, again if no answer comes, and return its answer. Raises Refused."""
        whole = {**frame, "id": self._new_id()}
        size = len(_packed(whole).encode(errors="replace"))
        refusal = _never_taken(whole, size) if self._staying is not None else {"error": "closed"}
        if refusal:
            raise Refused(refusal)
        ask = self._asks[whole["id"]] = _Ask(whole["id"], whole, size)
        self._speak()
        why: Object = {"error": "lost"}
        try:
            async with asyncio.timeout(self._timing.lost):
                async for answer in self._answers(ask):
                    if answer.get("ok"):
                        return answer
                    if answer.get("error") != "unavailable":
                        raise Refused(answer)
                    why = answer
        except TimeoutError:
            pass
        finally:
            del self._asks[ask.id]
        raise Refused(why)

    async def _answers(self, ask: _Ask) -> AsyncIterator[Object]:
        """Send the frame now, and again whenever its answer is late. An `unavailable` says how long to wait: the frame
        may have been published all the same, so the retry has the same id."""
        wait = 0.0
        while True:
            try:
                async with asyncio.timeout(wait):
                    answer = await ask.answers.get()
            except TimeoutError:
                answer = None
            if answer is not None:
                yield answer
                wait = max(1, Refused(answer).retry_after or 1)
            else:
                if self._link is not None and self._link.send(ask.frame):
                    ask.link = self._link
                wait = self._timing.answer

    def _largest(self, link: "_Lane") -> _Ask | None:
        """The largest frame that waits for an answer on this link: the one that a complaint without an id is about."""
        return max((ask for ask in self._asks.values() if ask.link is link), key=lambda ask: ask.bytes, default=None)

    def _new_id(self) -> str:
        """A new id: the server would take a used one for a retry."""
        self._ids += 1
        return f"{self._name}-{self._ids}"

    def _like_soon(self) -> None:
        if self._likes and self._liking is None:
            self._liking = asyncio.get_running_loop().call_later(self._timing.like, self._send_likes)

    def _send_likes(self) -> None:
        self._liking = None
        count = min(self._likes, _LIKES_PER_FRAME)
        # Without a seat, the next welcome sends them.
        if count and self._link is not None and self._link.send({"messageType": 6, "count": count}):
            self._likes -= count
            self._like_soon()


class _Lane:
    """How a viewer is in a room: by a seat or by a place in the gallery."""

    speaks = True

    def __init__(self, room: LiveRoom) -> None:
        self._room = room
        self.epoch = ""
        self.is_put_out = False
        self.welcomed_at: float | None = None
        self.settled = asyncio.Event()  # welcomed, or ended
        self.changed = asyncio.Event()  # perhaps another connection is due; or ended
        self._over = asyncio.Event()
        self._work: list[asyncio.Task[None]] = []

    def send(self, thing: Object) -> bool:
        """Whether it is sent."""
        raise NotImplementedError

    def welcomed(self, epoch: str, heartbeat_seconds: Any) -> None:
        self.epoch = epoch
        self.welcomed_at = time.monotonic() if self.welcomed_at is None else self.welcomed_at
        self.settled.set()

    def age(self) -> float:
        """The seconds since the welcome."""
        return time.monotonic() - (self.welcomed_at or math.inf)

    async def ended_within(self, seconds: float) -> None:
        """Return when the link has ended, or after so many seconds."""
        await _set_within(self._over, seconds)

    async def changed_within(self, seconds: float) -> None:
        """Return when the link has ended, or `changed` was set since the last call, or after so many seconds."""
        await _set_within(self.changed, seconds)
        self.changed.clear()

    def retire(self, seconds: float) -> None:
        """Another connection has taken over: end after so many seconds."""
        raise NotImplementedError

    def let_go(self) -> None:
        """Nothing is expected of the link any more."""
        self.drop()

    def end(self, code: int | None = None) -> None:
        """The link is over: tell the room, once."""
        if not self._over.is_set():
            self.drop()
            self._room._lost(self, code)

    def drop(self) -> None:
        """Stop all that goes on, without waiting for the other side, which takes long if it is dead."""
        if self._over.is_set():
            return
        for event in (self._over, self.settled, self.changed):
            event.set()
        for task in self._work:
            if task is not asyncio.current_task():
                task.cancel()
            self._room._keep(task)

    def _take(self, thing: Object, *, is_letter: bool = False) -> None:
        try:
            self._room._take(thing, self, is_letter=is_letter)
        except Exception:
            log.exception("an object could not be taken")  # the rest of the frame is well


class _Link(_Lane):
    """One WebSocket: parses its frames, sends heartbeats, and detects that it is dead."""

    def __init__(self, room: LiveRoom) -> None:
        super().__init__(room)
        self._data = asyncio.Event()
        self._heard = time.monotonic()
        self._connection: ClientConnection | None = None
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._beating: asyncio.Task[None] | None = None
        self._every = 0.0
        self._asked = ""

    async def open(self, url: str, protocols: Iterable[str]) -> None:
        """Raises what `websockets` raises if the connection is refused."""
        offered = [Subprotocol(name) for name in protocols]
        opening = connect(
            url, subprotocols=offered, compression=None, open_timeout=None, ping_interval=None, close_timeout=1
        )
        self._connection = await opening
        self._work = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._write())]

    def send(self, thing: Object) -> bool:
        self._out.put_nowait(_packed(thing))
        return True

    def welcomed(self, epoch: str, heartbeat_seconds: Any) -> None:
        super().welcomed(epoch, heartbeat_seconds)
        every = float(max(1, heartbeat_seconds)) if _is_positive(heartbeat_seconds) else self._room._timing.heartbeat
        # Another welcome must not put the heartbeat off.
        if self._beating is None or every != self._every:
            self._every = every
            self._stop_beating()
            self._beating = asyncio.ensure_future(self._beat())

    def retire(self, seconds: float) -> None:
        self._stop_beating()  # another connection sends them now
        asyncio.get_running_loop().call_later(seconds, self.end)

    def drop(self) -> None:
        is_first = not self._over.is_set()
        super().drop()
        self._stop_beating()
        if is_first and self._connection is not None:
            self._room._keep(asyncio.ensure_future(self._connection.close()))

    def _stop_beating(self) -> None:
        if self._beating is not None and self._beating is not asyncio.current_task():
            self._beating.cancel()

    async def _read(self) -> None:
        assert self._connection is not None
        try:
            async for frame in self._connection:
                self._heard = time.monotonic()
                self._data.set()
                for thing in _objects(frame):
                    if self._over.is_set():
                        return
                    if thing.get("messageType") != 0 or thing.get("id") != self._asked or not self._asked:
                        self._take(thing)
        except ConnectionClosed:
            pass
        self.end(self._connection.close_code)

    async def _write(self) -> None:
        assert self._connection is not None
        try:
            while True:
                await self._connection.send(await self._out.get())
        except ConnectionClosed:
            self.end(self._connection.close_code)

    async def _beat(self) -> None:
        await asyncio.sleep(self._every * self._room._random())
        while True:
            answer = self._room._timing.answer
            if time.monotonic() - self._heard < answer:
                self.send({"messageType": 7})
                await asyncio.sleep(self._every)
                continue
            # Nothing came for a while: want an answer.
            self._asked = self._room._new_id()
            self._data.clear()
            self.send({"messageType": 7, "id": self._asked})
            try:
                async with asyncio.timeout(answer):
                    await self._data.wait()
            except TimeoutError:
                self.end()
                return
            await asyncio.sleep(max(0.0, self._every - answer))


@dataclass(frozen=True)
class _Answer:
    """What the API says to who asks for a place; a status of 0 if it says nothing. `error`: with which word the room
    refuses the viewer."""

    status: int
    told: Object
    lane: str | None = None
    error: str | None = None
    retry_after: float | None = None


class _Gallery:
    """The HTTP side of the gallery, and this viewer's place there. No call raises because of the network."""

    def __init__(self, room: LiveRoom, api: str) -> None:
        self._room = room
        self._http = _Http(api)
        activity, query = _place(_address(room._url, room._who, ""))
        self._path = f"/api/activities/{activity}/place"
        self._token = query.get("token", "")
        self._person: Object = {name: query[name] for name in ("username", "userId", "avatar") if name in query}
        # As an address has them, they are a text.
        if (attributes := _read(query.get("attributes", ""))) is not None:
            self._person["attributes"] = attributes
        self.held: Object | None = None  # the place that is held: its last answer
        self._left: object = None  # the place that was given up last
        self._is_closed = False

    async def take(self) -> _Answer:
        """Ask for a place, or renew the one that is held. One that was given up meanwhile is forgotten."""
        answer = await self.ask(self._room._seen.cursor)
        if answer.status == 404 and self.held is not None:
            self.held = None
            return await self.ask(self._room._seen.cursor)
        return answer

    async def ask(self, since: str) -> _Answer:
        """Take a place, or renew the one that is held. A place that comes when nobody waits for it any more is given
        up."""
        asking = asyncio.ensure_future(self._ask(since))
        self._room._keep(asking)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._give_back)
            raise

    def _give_back(self, asked: "asyncio.Future[_Answer]") -> None:
        told = {} if asked.cancelled() else asked.result().told
        held = self.held["place"] if self.held else None
        if told.get("place") not in (held, self._left):
            self.leave(told)

    async def _ask(self, since: str) -> _Answer:
        held = {name: self.held.get(name) for name in ("place", "mail")} if self.held else {}
        order = self._person | held | ({"since": since} if since else {})
        token = self._room._bearer or self._token
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        status, after, told = await self._call("POST", self._path, headers, json.dumps(order).encode())
        lane = told.get("lane") if status == 200 else None
        is_place = _is_text(told.get("place"), 1, 1000) and _is_text(told.get("ticks"), 1, 1000)
        if not (is_place and _is_whole(told.get("next"), 0, _MOST) and _is_positive(told.get("now"))):
            lane = "seat" if lane == "seat" else None
        error = told.get("error") if status in _REFUSALS else None
        # Another address of the API may help who is not allowed.
        known = error if isinstance(error, str) and error not in ("", "not_allowed") else None
        return _Answer(status, told, lane, known, float(after) if re.fullmatch("[1-9][0-9]{0,8}", after) else None)

    async def slot(self, ticks: str, slot: int) -> tuple[int, Object]:
        """What was said since the slot: the status and the object."""
        status, _, told = await self._call("GET", f"{ticks}{slot}", {}, b"", self._room._timing.read)
        return status, told

    def leave(self, told: Object | None) -> None:
        """Give up the place of this answer, if it has one."""
        place = (told or {}).get("place")
        if not told or not place:
            return
        self._left = place
        if self.held is not None and place == self.held["place"]:
            self.held = None
        query = urlencode({"place": place, "userId": str(told.get("userId"))})
        leaving = asyncio.ensure_future(self._call("POST", f"{self._path}/leave?{query}", {}, b""))
        self._room._keep(leaving)
        if self._is_closed:
            leaving.add_done_callback(lambda _: self._http.close())

    def close(self) -> None:
        """Give the place up, and end the connections when that is done."""
        self._is_closed = True
        if self.held is None:
            self._http.close()
        self.leave(self.held)

    async def _call(
        self, method: str, path: str, headers: dict[str, str], body: bytes, seconds: float | None = None
    ) -> tuple[int, str, Object]:
        """The status, `Retry-After` and the object; a status of 0 if there was no answer in time."""
        try:
            async with asyncio.timeout(seconds or self._room._timing.answer):
                status, answered, text = await self._http.call(method, path, headers, body)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:  # TimeoutError is an OSError
            log.debug("no answer: %s", error)
            return 0, "", {}
        told = _read(text)
        return status, answered.get("retry-after", ""), told if isinstance(told, dict) else {}


class _Reader(_Lane):
    """A place in the gallery: reads over HTTP what others are sent, slot by slot, and renews the place.

    A *whole* renewal gives the cursor and is answered with what came since, as a handshake is. It is needed where slots
    are missing. Other renewals bring what was said to this viewer alone, and reading goes on meanwhile.
    """

    speaks = False

    def __init__(self, room: LiveRoom, gallery: _Gallery) -> None:
        super().__init__(room)
        self._gallery = gallery
        self._place: Object = {}  # the last answer
        self._next = 0  # the slot to ask for
        self._ahead = 0.0  # the slots' clock less this one's, in seconds
        self._every = 0.0  # between renewals
        self._beat_at = 0.0
        self._due, self._renewed = asyncio.Event(), asyncio.Event()
        self._later: asyncio.TimerHandle | None = None
        self._misses = 0  # requests for slots that failed in a row
        self._refusals = 0  # renewals that failed in a row
        self._whole = False  # whether the next renewal is a whole one
        self._is_retired = False
        self._reading: asyncio.Task[None] | None = None

    def begin(self, told: Object) -> None:
        """Read from where the answer says."""
        self._taken(told, whole=True)
        if not self._over.is_set():
            self._start(self._keep_renewing())

    def send(self, thing: Object) -> bool:
        return False

    def retire(self, seconds: float) -> None:
        # What was said to this viewer alone before the seat was there comes to the place, perhaps only now.
        self._is_retired = True
        asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self.end()
        self.let_go()

    def let_go(self) -> None:
        """Give the place up, if this client does not read there in another way."""
        super().let_go()
        if not self._room._is_reading:
            self._gallery.leave(self._gallery.held)

    def drop(self) -> None:
        super().drop()
        if self._later is not None:
            self._later.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._work = [*(one for one in self._work if not one.done()), task]
        return task

    def _taken(self, told: Object, *, whole: bool) -> None:
        """The place is held, as this answer says."""
        self._gallery.held = self._place = told
        self._ahead = told["now"] / 1000 - time.monotonic()
        if whole:
            self._next = told["next"]
            self._take(_welcome_of(told))
        self._deliver(told.get("objects"), is_letter=True)
        if self._over.is_set():
            return
        seconds: Any = told.get("beatSeconds")
        every = float(max(1, seconds)) if _is_positive(seconds) else self._room._timing.heartbeat
        if every != self._every:
            # The first one at a moment of this viewer's own: who came together does not renew together.
            self._beat_at = time.monotonic() + every * (1 if self._every else self._room._random())
            self._every = every
        if whole:
            if self._reading is not None:
                self._reading.cancel()
            self._reading = self._start(self._read())

    def _deliver(self, things: Any, *, is_letter: bool) -> None:
        for thing in things if isinstance(things, list) else []:
            if isinstance(thing, dict) and not self._over.is_set():
                self._take(thing, is_letter=is_letter)

    async def _read(self) -> None:
        """Read slot after slot, until some are missing: then the place is renewed, and another task reads."""
        while not self._over.is_set():
            await asyncio.sleep(self._until_over())
            ticks = self._place["ticks"]
            status, told = await self._gallery.slot(ticks, self._next)
            is_read = isinstance(told.get("objects"), list) and _is_whole(told.get("next"), self._next + 1, _MOST)
            if status == 200 and is_read:
                self._said(told)
                continue
            self._misses += 1
            if self._misses > _MOST_FAILURES:
                self.end()
                return
            # Readers who lose the server together do not ask together.
            wait = (1 + self._room._random()) * self._room._timing.shortest_wait * 2**self._misses
            turn = _turn(told, self._place, self._every, self._slots_since(self._next))
            await asyncio.sleep(wait + self._room._random() * turn)
            if status == 403 and self._misses == 1:
                # The key is not valid any more: get another, and read on.
                self._renewed.clear()
                self._due.set()
                await self._renewed.wait()
                if self._place["ticks"] != ticks:
                    continue
            if status in (200, 403, 404):
                self._whole = True
                self._due.set()
                return

    def _slots_since(self, slot: int) -> float:
        return (time.monotonic() + self._ahead) / self._room._timing.slot - slot

    def _until_over(self) -> float:
        """The seconds until the next slot is asked for: after its end, at a moment of this viewer's own."""
        timing = self._room._timing
        end = (self._next + 1) * timing.slot
        return max(0.0, end - self._ahead - time.monotonic() + self._room._random() * timing.spread)

    def _said(self, told: Object) -> None:
        """Everything of some slots."""
        self._misses = 0
        self._next = told["next"]
        self._deliver(told["objects"], is_letter=False)
        called = told.get("for")
        if isinstance(called, list) and self._place.get("hash") in called:
            self._due.set()

    async def _keep_renewing(self) -> None:
        """Renew the place as often as the server says, and when something is due."""
        while not self._over.is_set():
            await _set_within(self._due, max(0.0, self._beat_at - time.monotonic()))
            if time.monotonic() >= self._beat_at:
                self._beat_at = time.monotonic() + self._every
            self._due.clear()
            await self._renew()
            self._renewed.set()

    async def _renew(self) -> None:
        # A place that was given up is taken anew, and then the state of the room is told anew.
        whole = self._whole = self._whole or self._gallery.held is None
        answer = await self._gallery.ask(self._room._seen.cursor if whole else "")
        if answer.lane == "gallery":
            self._refusals = 0
            is_new_epoch = _parsed(answer.told.get("cursor"))[0] != self.epoch
            if whole:
                self._whole = False
            elif answer.told.get("gap") or is_new_epoch:
                self._whole = True
                self._due.set()
            if whole or not is_new_epoch:
                self._taken(answer.told, whole=whole)
        elif answer.status == 404 and self._gallery.held is not None:
            self._gallery.held = None
            if self._is_retired:
                self.end()
            self._due.set()
        elif answer.status == 401 and callable(self._room._token) and self._refusals == 0:
            self._refusals += 1
            await self._renew_token()
            self._due.set()
        elif answer.lane == "seat" or answer.error:
            self._room._put_out(self, answer)
        else:
            self._renew_later(answer)

    async def _renew_token(self) -> None:
        try:
            async with asyncio.timeout(self._room._timing.enter):
                self._room._bearer = await self._room._fetch_token()
        except Exception as error:
            log.debug("no other token: %s", error)  # then the old one is refused again

    def _renew_later(self, answer: _Answer) -> None:
        """Nobody could renew the place. Slots are read on meanwhile, if none are missing."""
        self._refusals += 1
        if self._whole and self._refusals > _MOST_FAILURES:
            self.end()
            return
        timing = self._room._timing
        wait = (1 + self._room._random()) * min(
            timing.longest_wait, timing.shortest_wait * 2 ** min(self._refusals, 16)
        )
        if self._later is not None:
            self._later.cancel()
        self._later = asyncio.get_running_loop().call_later((answer.retry_after or 0) + wait, self._due.set)


class _Http:
    """Requests to one server over connections that are kept. A slot a second is too often for a connection each, as
    `urllib` makes them, and an answer waits too long for a thread."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._host, self._port = parts.hostname, parts.port
        self._is_secure = parts.scheme == "https"
        self._netloc, self._prefix = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._closed = False

    async def call(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers by their names in lower case, and the body. Raises OSError, EOFError, ValueError and
        LimitOverrunError where there is no answer."""
        named = {"Host": self._netloc, "User-Agent": "live-rooms", "Content-Length": str(len(body)), **headers}
        lines = [f"{method} {self._prefix}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        if not all(line.isprintable() for line in lines):
            raise ValueError("an address or a token with control characters cannot be sent")
        request = "\r\n".join([*lines, "", ""]).encode() + body
        while True:
            while self._idle and self._idle[-1][0].at_eof():
                self._idle.pop()[1].close()
            is_kept = bool(self._idle)
            try:
                return await self._exchange(await self._connection(), request)
            except (OSError, EOFError):
                # A server may close a connection that was kept just when it is used again.
                if not is_kept:
                    raise

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._idle:
            return self._idle.pop()
        port = self._port or (443 if self._is_secure else 80)
        return await asyncio.open_connection(self._host, port, ssl=self._is_secure or None)

    async def _exchange(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        reader, writer = connection
        is_kept = False
        try:
            writer.write(request)
            status, headers = 100, {"": ""}
            while status < 200:  # such an answer announces another
                status, headers = _headers(await reader.readuntil(b"\r\n\r\n"))
            body = await _body(reader, status, headers)
            is_kept = body is not None and headers.get("connection", "").lower() != "close" and not self._closed
            return status, headers, await reader.read() if body is None else body
        finally:
            if is_kept:
                self._idle.append(connection)
            else:
                writer.close()

    def close(self) -> None:
        """Keep no connection any more."""
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()


def _headers(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in lines if line)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in named}


async def _body(reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> bytes | None:
    """The body of an answer; None if it is what comes until the connection ends."""
    if status in (204, 304):
        return b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass  # a header behind the body
        return b"".join(parts)
    length = headers.get("content-length")
    return None if length is None else await reader.readexactly(int(length))


class _Seen:
    """What was delivered: drops repetitions, and knows the cursor to resume from."""

    def __init__(self) -> None:
        self.epoch = ""  # whose numbers `_keys` are
        self._from = ("", 0)  # everything up to here was delivered, or told as a gap
        self._keys: dict[object, None] = {}
        self._named: dict[tuple[object, object], float] = {}  # of each chat with an id, when it was said
        self._senders: dict[int, object] = {}  # who said each chat

    @property
    def cursor(self) -> str:
        """The cursor to resume from, empty before the first welcome was delivered."""
        return "{}.{}".format(*self._from) if self._from[0] else ""

    def enter(self, cursor: object) -> None:
        """A welcome with this cursor has come. The cursor to resume from stays until what it brings is delivered."""
        epoch = _parsed(cursor)[0]
        # A new epoch numbers its events from the start, so the seqs of the old epoch mean nothing.
        if not epoch or epoch != self.epoch:
            self._keys.clear()
            self._senders.clear()
        self.epoch = epoch

    def reach(self, seq: Any) -> None:
        """Everything up to this seq of the present epoch is being delivered."""
        if _is_whole(seq, 0, _MOST):
            before = self._from[1] if self._from[0] == self.epoch else 0
            self._from = (self.epoch, max(before, seq))

    def add(self, thing: Object) -> bool:
        """Whether this object is new. One without a seq always is."""
        seq = thing.get("seq")
        if not _is_whole(seq, 0, _MOST):
            return True
        if not self._remember(seq) or self._is_repeated(thing):
            return False
        _remember(self._senders, seq, thing.get("userId"))
        return True

    def said_by(self, user_id: object) -> list[int]:
        """The seqs of the chats of this user that were delivered."""
        return [seq for seq, sender in self._senders.items() if sender == user_id]

    def remove(self, seq: int) -> bool:
        """Whether this removal is new. The removed chat, if it comes later, counts as delivered."""
        self._remember(seq)
        return self._remember(("removed", seq))

    def _is_repeated(self, thing: Object) -> bool:
        """Whether a chat was delivered under another seq, which may happen in a new epoch."""
        id_, said_at = thing.get("id"), thing.get("time", 0)
        if not isinstance(id_, str):
            return False
        name, moment = (thing.get("userId"), id_), float(said_at or 0) if _is_number(said_at) else 0.0
        before = self._named.pop(name, None)
        repeated = before is not None and abs(moment - before) <= _ID_MS
        _remember(self._named, name, before if before is not None and repeated else moment)
        return repeated

    def _remember(self, key: object) -> bool:
        if key in self._keys:
            return False
        _remember(self._keys, key, None)
        return True


def _remember(kept: dict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    if len(kept) > _SEEN:
        del kept[next(iter(kept))]


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, or after so many seconds."""
    try:
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            await event.wait()
    except TimeoutError:
        pass


async def _reported(made: Awaitable[None], name: str) -> None:
    try:
        await made
    except Exception:
        log.exception("a handler of %s failed", name)


def _name_of(thing: Object) -> str | None:
    kind = thing.get("messageType")
    return _NAMES.get(kind) if isinstance(kind, int) and not isinstance(kind, bool) else None


def _read(text: str | bytes) -> Any:
    """A JSON text; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _objects(frame: str | bytes) -> list[Object]:
    """The objects of a frame; of what no room should send, nothing."""
    parsed = _read(frame)
    return [thing for thing in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(thing, dict)]


def _packed(thing: Object) -> str:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"))


def _never_taken(frame: Object, size: int) -> Object | None:
    """Why the room would never take this frame of so many bytes; None if it may."""
    message, extra = frame.get("message"), frame.get("extra")
    if message == "":
        return {"error": "bad_field", "message": "message must not be empty"}
    if isinstance(message, str) and len(message) > _TEXT_LENGTH:
        return {"error": "too_long", "message": f"message has at most {_TEXT_LENGTH} characters"}
    if extra is not None and len(_packed(extra).encode(errors="replace")) > _EXTRA_BYTES:
        return {"error": "bad_field", "message": f"extra must have at most {_EXTRA_BYTES} bytes as JSON"}
    if size > _FRAME_BYTES:
        return {"error": "too_long", "message": f"a frame has at most {_FRAME_BYTES} bytes"}
    return None


def _address(url: str, who: dict[str, str], since: str) -> str:
    parts = urlsplit(url)
    given = who | ({"since": since} if since else {})
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in given]
    scheme = re.sub("^http", "ws", parts.scheme)
    query = urlencode([*kept, *given.items()], errors="replace")
    return urlunsplit((scheme, parts.netloc, parts.path, query, ""))


def _check_address(address: str, api: str | None) -> None:
    """Raises ValueError if these addresses cannot be meant."""
    parts = urlsplit(address)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError("url is an address that begins with wss:, ws:, https: or http:")
    room = _place(address)[0]
    if room and not (re.fullmatch("[1-9][0-9]*", room) and int(room) <= _MOST):
        raise ValueError(f"activity_id is an integer from 1 to {_MOST}")
    if api is not None:
        if urlsplit(api).scheme not in ("http", "https") or urlsplit(api).query:
            raise ValueError("api is an address without a query that begins with https: or http:")
        if not room:
            raise ValueError("with an api, url or activity_id has to name the room")


def _check_token(token: Any) -> None:
    """Raises ValueError if the token has characters that no subprotocol has."""
    if token is not None and not (isinstance(token, str) and re.fullmatch(r"[\w!#$%&'*+.^`|~-]*", token, re.ASCII)):
        raise ValueError("token is a JWT, or a function that makes one")


def _place(address: str) -> tuple[str, dict[str, str]]:
    """The room that an address names, and the rest of its query. A path `/websocket/42/alice` comes before it."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if found := re.search("/websocket/([^/]+)/([^/]+)$", parts.path):
        query |= dict(parse_qsl(f"activityId={found[1]}&username={found[2]}"))
    return query.pop("activityId", ""), query


def _question(api: str, address: str) -> tuple[str, str]:
    """What is asked of the HTTP API, and the token of the address, if there is one: a token belongs into no log."""
    room, query = _place(address)
    token = query.pop("token", "")
    asked = f"?{urlencode(query)}" if query else ""
    return f"{api.rstrip('/')}/api/activities/{room}/admission{asked}", token


def _admission(url: str, headers: dict[str, str], seconds: float) -> Object:
    """Why the room refuses a connection: an object with a reason."""
    try:
        with urlopen(Request(url, headers=headers), timeout=seconds) as answer:
            told = json.load(answer)
    except HTTPError as refused:
        return {"reason": {400: "bad_field", 403: "wrong_address"}.get(refused.code, "unavailable")}
    except OSError:
        return {"reason": "unreachable"}
    except ValueError:
        return {"reason": "unavailable"}
    if isinstance(told, dict) and told.get("admitted") is True:
        return {"reason": "handshake_failed"}
    if not isinstance(told, dict) or told.get("admitted") is not False or not isinstance(told.get("reason"), str):
        return {"reason": "unavailable"}
    known = {name: told.get(name) for name in ("reason", "message", "text") if isinstance(told.get(name), str)}
    wait = {"retryAfter": told["retryAfter"]} if _is_positive(told.get("retryAfter")) else {}
    is_ban = told["reason"] in ("banned", "banned_everywhere")
    return known | wait | ({"until": told.get("until")} if is_ban else {})


def _welcome_of(told: Object) -> Object:
    """What a place's answer says, as a welcome says it. The place is a secret, and the rest is for the reader."""
    own = {"place", "ticks", "hash", "mail", "objects", "lane", "next", "now", "beatSeconds"}
    welcome = {name: value for name, value in told.items() if name not in own}
    return {**welcome, "messageType": 8, "connectionId": "", "heartbeatSeconds": told.get("beatSeconds")}


def _parsed(cursor: object) -> tuple[str, int]:
    """The epoch and the seq of a cursor; an empty epoch if it is none."""
    found = re.fullmatch(r"([0-9a-z]+)\.([0-9]+)", cursor) if isinstance(cursor, str) else None
    return (found[1], int(found[2])) if found else ("", 0)


def _is_text(value: Any, least: int, most: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and bool(value > 0)


def _turn(told: Object, place: Object, every: float, slots_since: float) -> float:
    """The seconds within which a reader renews the place who was told this of a slot. If the server has lost the room,
    all its readers are to renew theirs. `slots_since`: how many have passed since that slot."""
    online: Any = place.get("onlineNumber")
    if told.get("gap") is not True or slots_since > _BEHIND_SLOTS or not _is_positive(online):
        return 0.0
    within: float = min(every, online / _RENEWALS_A_SECOND)
    return within


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
