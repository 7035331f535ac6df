"""The client of a room, for Python 3.11 and newer: one lasting connection, over as many WebSockets as needed.

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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
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
_FINAL = {"origin", "bad_field", "name_missing", "name_rejected", "banned", "banned_everywhere"}
# A function may make a better token.
_OF_TOKEN = {"token_missing", "token_invalid", "token_expired", "token_other_room"}


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
    link: "_Link | None" = None
    answers: asyncio.Queue[Object | None] = field(default_factory=asyncio.Queue)


class LiveRoom:
    """A viewer's side of a room.

    The gateway ends every connection after two hours, so a room opens the next one before that. It then has up to three
    links: `_link` is in use, `_next` is not welcomed yet, and `_last` was replaced by `_link` and stays open for a few
    seconds, until what was on its way has come. Two links may bring the same chat, so `_seen` drops the second.
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
        random: Callable[[], float] = randomness.random,
        timing: Timing | None = None,
    ) -> None:
        """`token`: a JWT, or a function or coroutine function that makes one for each connection. `api`: where the HTTP
        API is, `https://…` without the path `/api`; it is asked why a connection was refused. Raises ValueError."""
        given = {"activityId": activity_id, "username": username, "userId": user_id, "avatar": avatar}
        shown = {"attributes": json.dumps(attributes)} if attributes is not None else {}
        self._who = {name: str(value) for name, value in (given | shown).items() if value is not None}
        self._url, self._api, self._token = url, api, token
        _check_address(_address(url, self._who, ""), api)
        self._random, self._timing = random, timing or Timing()
        self._handlers: dict[str, list[Handler]] = {}
        self._properties: Object = {}
        self._asks: dict[str, _Ask] = {}
        self._seen = _Seen()
        self._link: _Link | None = None
        self._next: _Link | None = None
        self._last: _Link | None = None
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
            self._bad_tokens = 0
            self._staying = asyncio.ensure_future(self._stay())

    async def close(self) -> None:
        """Leave. Calls that still wait for an answer raise Refused with the code "closed"."""
        if self._staying is not None:
            self._finish("closed")
        await asyncio.gather(*self._background - {asyncio.current_task()}, return_exceptions=True)

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
            why = await self._enter()
            if why is None:
                await self._hold()
                await self._wait(lost=True, why={})
                continue
            if "reason" not in why and self._api:
                why |= await self._explain()
            reason = why.get("reason")
            self._bad_tokens = self._bad_tokens + 1 if reason in _OF_TOKEN else 0
            # A function may have kept a token that was valid: it is called once more.
            if self._bad_tokens > callable(self._token) or (reason in _FINAL and not why.get("retryAfter")):
                self._finish(str(reason), why)
                return
            await self._wait(lost=False, why=why)

    async def _enter(self) -> Object | None:
        """Open a connection: the first one, one after an interruption, or one beside the present one. Returns None once
        it is welcomed and in use, else what is known of why not."""
        link = _Link(self)
        try:
            async with asyncio.timeout(self._timing.enter):
                self._bearer = await self._fetch_token()
        except Exception as error:
            self._emit("fault", {"message": str(error) or "there was no token in time"})
            return {"reason": "token_unavailable"}
        self._next = link
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
        return await made if inspect.isawaitable(made) else made

    async def _hold(self) -> None:
        """Return when the connection in use is lost. Before the gateway ends it, another one replaces it."""
        while (link := self._link) is not None:
            least, most = self._timing.rotate
            await link.ended_within(least + self._random() * (most - least))
            while self._link is link and await self._enter() is not None:
                await link.ended_within(self._backoff())

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

    def _take(self, thing: Object, link: "_Link") -> None:
        """An object of a frame."""
        if not self._has(link):
            return
        name = _name_of(thing) if "messageType" in thing else "fault"
        if name is None or (link is self._next and name not in _BEFORE):
            return
        if link is self._last and not (name in _AFTER and link.epoch == self._seen.epoch):
            return
        if name in _NUMBERED:
            self._take_numbered(name, thing, replayed=False, in_use=link is self._link)
        elif name in self._takers:
            self._takers[name](thing, link)
        else:
            self._emit(name, thing)

    def _has(self, link: "_Link") -> bool:
        """Whether this link still counts: a handler of an earlier object of its frame may have ended it."""
        return link in (self._link, self._next, self._last)

    def _take_numbered(self, name: str, thing: Object, *, replayed: bool, in_use: bool) -> None:
        # Objects of a replaced connection may be ahead of those of the present one, so they do not move the cursor.
        if in_use:
            self._seen.reach(thing.get("seq"))
        if self._seen.add(thing):
            self._emit(name, {**thing, "replayed": replayed})

    def _take_welcome(self, welcome: Object, link: "_Link") -> None:
        resumed, was_open = self._seen.cursor != "", self._link is not None
        self._seen.enter(welcome.get("cursor"))
        link.welcomed(self._seen.epoch, welcome.get("heartbeatSeconds"))
        if link is self._next:
            self._use(link)
        self._bad_tokens = 0
        if not was_open:
            self._emit("state", {"name": "open"})
        if not self._tell({**welcome, "resumed": resumed}, link):
            return
        self._seen.reach(_parsed(welcome.get("cursor"))[1])
        if not was_open:
            for ask in self._asks.values():
                ask.answers.put_nowait(None)
        self._like_soon()

    def _use(self, link: "_Link") -> None:
        """The welcomed link replaces the one in use, which stays open for a while to deliver what is on its way."""
        if self._last is not None:
            self._last.drop()
        self._last, self._link, self._next = self._link, link, None
        if self._last is not None:
            self._last.retire(self._timing.linger)

    def _tell(self, welcome: Object, link: "_Link") -> bool:
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

    def _take_properties(self, thing: Object, _: "_Link") -> None:
        if isinstance(thing.get("properties"), dict):
            self._change(thing["properties"])

    def _change(self, changes: Object) -> None:
        self._properties = {
            name: value for name, value in (self._properties | changes).items() if changes.get(name, value) is not None
        }
        self._emit("properties", {"changed": changes, "properties": self.properties})

    def _take_removed(self, thing: Object, link: "_Link") -> None:
        user_id, seqs = thing.get("userId"), thing.get("seqs")
        if not isinstance(user_id, str):
            self._remove(thing.get("seq"), {}, link)
            return
        # The room's history named those in `seqs`; what was delivered here may be older, or private.
        for seq in [*(seqs if isinstance(seqs, list) else []), *self._seen.said_by(user_id)]:
            self._remove(seq, {"userId": user_id}, link)

    def _remove(self, seq: Any, who: Object, link: "_Link") -> None:
        if self._has(link) and _is_whole(seq, 0, _MOST) and self._seen.remove(seq):
            self._emit("removed", {"messageType": 9, "seq": seq, **who})

    def _take_sanction(self, sanction: Object, link: "_Link") -> None:
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

    def _take_reply(self, reply: Object, link: "_Link") -> None:
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

    def _take_page(self, page: Object, _: "_Link") -> None:
        if ask := self._asks.get(str(page.get("id"))):
            ask.answers.put_nowait({"ok": True, **page})

    def _lost(self, link: "_Link", code: int | None) -> None:
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
                if self._link is not None:
                    ask.link = self._link
                    self._link.send(ask.frame)
                wait = self._timing.answer

    def _largest(self, link: "_Link") -> _Ask | None:
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
        if count and self._link is not None:  # else the next welcome sends them
            self._link.send({"messageType": 6, "count": count})
            self._likes -= count
            self._like_soon()


class _Link:
    """One WebSocket: parses its frames, sends heartbeats, and detects that it is dead."""

    def __init__(self, room: LiveRoom) -> None:
        self._room = room
        self.epoch = ""
        self.welcomed_at: float | None = None
        self.settled = asyncio.Event()  # welcomed, or ended
        self._over, self._data = asyncio.Event(), asyncio.Event()
        self._heard = time.monotonic()
        self._connection: ClientConnection | None = None
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._work: list[asyncio.Task[None]] = []
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

    def send(self, thing: Object) -> None:
        self._out.put_nowait(_packed(thing))

    def welcomed(self, epoch: str, heartbeat_seconds: Any) -> None:
        self.epoch = epoch
        self.welcomed_at = time.monotonic() if self.welcomed_at is None else self.welcomed_at
        self.settled.set()
        every = float(max(1, heartbeat_seconds)) if _is_positive(heartbeat_seconds) else self._room._timing.heartbeat
        # Another welcome must not put the heartbeat off.
        if self._beating is None or every != self._every:
            self._every = every
            self._stop_beating()
            self._beating = asyncio.ensure_future(self._beat())

    def age(self) -> float:
        """The seconds since the welcome."""
        return time.monotonic() - (self.welcomed_at or math.inf)

    async def ended_within(self, seconds: float) -> None:
        """Return when the link has ended, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            pass

    def retire(self, seconds: float) -> None:
        """Stop the heartbeats, since another connection sends them now, and end after so many seconds."""
        self._stop_beating()
        asyncio.get_running_loop().call_later(seconds, self.end)

    def end(self, code: int | None = None) -> None:
        """The link is over: tell the room, once."""
        if not self._over.is_set():
            self.drop()
            self._room._lost(self, code)

    def drop(self) -> None:
        """Close the socket without waiting for the other side, which takes long on a dead connection."""
        if self._over.is_set():
            return
        self._over.set()
        self.settled.set()
        self._stop_beating()
        for task in self._work:
            if task is not asyncio.current_task():
                task.cancel()
            self._room._keep(task)
        if self._connection is not None:
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

    def _take(self, thing: Object) -> None:
        try:
            self._room._take(thing, self)
        except Exception:
            log.exception("an object could not be taken")  # the rest of the frame is well

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


async def _reported(made: Awaitable[None], name: str) -> None:
    try:
        await made
    except Exception:
        log.exception("a handler of %s failed", name)


def _name_of(thing: Object) -> str | None:
    kind = thing.get("messageType")
    return _NAMES.get(kind) if isinstance(kind, int) and not isinstance(kind, bool) else None


def _objects(frame: str | bytes) -> list[Object]:
    """The objects of a frame; of what no room should send, nothing."""
    try:
        parsed = json.loads(frame)
    except (ValueError, RecursionError):
        return []
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


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
