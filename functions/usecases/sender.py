"""Takes a viewer's frame through the room: capability, words, state, review, log, result. Each step may refuse the
frame.

A frame that the state has accepted and the log has certainly not is undone: a refused frame has changed nothing. If
nobody knows whether the log has it, the frame stays accepted, and the client is told that the room is unavailable:

- A chat with an `id` stays pending until a relay has seen its record. The client sends the id again, and that frame
  waits for the seq: see functions/usecases/once.py.
- Likes stay counted, and a heartbeat's watch time earned.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.parts import MessageParts
from functions.rooms import events, objects
from functions.rooms.answers import Accepted, CutOff, Gone, Rate, Refused, Repeated
from functions.rooms.events import Event, Who
from functions.rooms.frames import Chat, Frame, Heartbeat, Like, WhoIsHere
from functions.rooms.identity import Identity
from functions.rooms.objects import Object
from functions.rooms.refusal import Refusal, StateCode
from functions.rooms.results import Result, digest_of
from functions.rooms.seats import Seat
from functions.runtime.metrics import WORDS_MASKED, WORDS_REJECTED
from functions.runtime.together import both
from functions.usecases.announcer import announce
from functions.usecases.floods import announce_flood
from functions.usecases.names import masked_page
from functions.usecases.once import Once
from functions.usecases.reviewing import Reviewing

_WHY: dict[StateCode, str] = {
    "rate_limited": "too many frames",
    "slow_mode": "this room is in slow mode",
    "muted": "you are muted in this room",
    "frozen": "only moderators may speak in this room now",
    "unavailable": "too many frames: the first frame under this id was not looked up",
}


class Sender:
    """One seat, sending, whose connection was made at `connected_at`. Methods raise Refusal, StateUnavailable,
    LogUnavailable and Unsettled."""

    def __init__(self, parts: MessageParts, seat: Seat, identity: Identity, *, connected_at: int) -> None:
        self._parts = parts
        self._seat = seat
        self._connected_at = connected_at
        self._identity = identity
        self._reviewing = Reviewing(parts, seat, identity)
        self._now = parts.clock()

    async def send(self, frame: Chat | Like | Heartbeat) -> list[Object]:
        """Publish a frame; returns the reply that its `id` asks for."""
        if frame.kind in ("chat", "like") and frame.kind not in self._identity.caps:
            raise Refusal("not_allowed", f"your token does not allow to {frame.kind}")
        if isinstance(frame, Chat):
            frame = await self._with_checked_words(frame)
        match await self._accept(frame):
            case Gone():
                return []
            case Repeated(result):
                seq = await self._again(frame, result)
            case accepted:
                seq = await self._publish(frame, accepted)
        return [] if frame.client_id is None else [objects.accepted(frame.client_id, seq)]

    async def who_is_here(self, frame: WhoIsHere) -> list[Object]:
        """A page of the people in the room. With an `id` the page carries that, as a classic client gets it alone."""
        accepted = await self._accept(frame, limit=frame.limit, after=frame.after)
        if not isinstance(accepted, Accepted) or accepted.page is None:
            return []
        await self._announce_arrival(frame, accepted)
        page = await masked_page(accepted.page, self._parts.words)
        people = objects.who_is_here(page.users, page.online, page.cursor)
        if frame.client_id is None:
            return [people]
        return [objects.accepted(frame.client_id), {**people, "id": frame.client_id}]

    async def _with_checked_words(self, frame: Chat) -> Chat:
        """The chat with its listed words masked; refuses a chat with a word that is to be rejected."""
        verdict = (await self._parts.words.current()).check(frame.message)
        if verdict.rejected:
            self._parts.meter.emit({WORDS_REJECTED: 1})
            raise Refusal("rejected", "the message holds words that are not allowed")
        if verdict.text == frame.message:
            return frame
        self._parts.meter.emit({WORDS_MASKED: 1})
        return replace(frame, message=verdict.text)

    async def _accept(self, frame: Frame, **page: Any) -> Accepted | Repeated | Gone:
        """Let the state take the frame in; refuses what the room's rates and rules do not allow."""
        accepting = self._parts.state.accept(
            self._seat,
            self._identity,
            self._now,
            connected_at=self._connected_at,
            kind=frame.kind,
            rate=self._rate(frame),
            count=frame.count,
            # To ask again who is here is no repetition: the answer may be another.
            client_id=None if frame.kind == "who" else frame.client_id,
            digest=_digest(frame),
            exempt="moderate" in self._identity.caps,
            **page,
        )
        # The list of rooms is in another hash slot, so it cannot be in the same script.
        if frame.kind == "heartbeat":
            accepted, _ = await both(accepting, self._parts.state.list_again(self._identity.activity_id, self._now))
        else:
            accepted = await accepting
        if isinstance(accepted, (Gone, CutOff)):
            self._parts.ended.add(self._seat.connection_id, self._now)
        if isinstance(accepted, Refused):
            if accepted.flood:
                await announce_flood(self._parts, self._seat, self._identity, self._now)
            wait = math.ceil(accepted.wait / 1000)
            raise Refusal(accepted.code, _WHY[accepted.code], retry_after=wait or None)
        if isinstance(accepted, CutOff):
            # The relay closes the connection, with the room's next record: this is one.
            await announce(self._parts.log, events.Seated(activity_id=self._identity.activity_id, time=self._now))
            return Gone()
        return accepted

    async def _publish(self, frame: Chat | Like | Heartbeat, accepted: Accepted) -> int | None:
        """Write the frame to the log; returns the seq of a chat."""
        await self._announce_arrival(frame, accepted)
        event, undo = self._event(frame, accepted), self._undo(frame, accepted)
        if isinstance(event, events.Chat):
            shown = await self._reviewing.first(event, undo)
            return await Once(self._parts, shown).first(undo, freed=accepted.freed)
        if before := accepted.watched.before:
            # Of a user who has a place in the gallery as well.
            fields = self._fields(accepted) | before.fields()
            await announce(self._parts.log, events.Heartbeat(**fields), undo)
        await announce(self._parts.log, event, undo)
        return None

    async def _again(self, frame: Chat | Like | Heartbeat, first: Result) -> int | None:
        """The seq of a frame whose id was used before, with the result `first`."""
        event = self._event(frame, None)
        if first.denied is not None:
            await self._reviewing.refuse_again(event, first.denied)
        if not isinstance(event, events.Chat):
            return None
        return await Once(self._parts, await self._reviewing.again(event, first)).again(first)

    async def _announce_arrival(self, frame: Frame, accepted: Accepted) -> None:
        """If the seat's lease had expired, or its welcome is overdue, an event in front of the frame's own says so. If
        that fails, the frame is taken back, and is not published."""
        if not accepted.retaken and not accepted.unwelcomed:
            return
        kind = events.Join if accepted.retaken == "first" else events.Seated
        try:
            if accepted.retaken:
                await self._parts.state.list_room(self._identity.activity_id, self._now)
            await announce(self._parts.log, kind(**self._fields(accepted)))
        except (StateUnavailable, LogUnavailable):
            # The next heartbeat announces it.
            await self._undo(frame, accepted)(unsure=accepted.retaken == "first")
            raise

    def _undo(self, frame: Frame, accepted: Accepted) -> Callable[..., Awaitable[None]]:
        return partial(
            self._parts.state.undo,
            self._identity,
            self._now,
            kind=frame.kind,
            rate=self._rate(frame),
            count=frame.count,
            client_id=None if frame.kind == "who" else frame.client_id,
            digest=_digest(frame),
            freed=accepted.freed,
        )

    def _event(self, frame: Chat | Like | Heartbeat, accepted: Accepted | None) -> Event:
        fields = self._fields(accepted, frame.companions) | {"client_id": frame.client_id}
        match frame:
            case Chat():
                return events.Chat(**fields, content=frame.message, to=frame.to, extra=frame.extra)
            case Like():
                return events.Like(**fields)
            case Heartbeat():
                return events.Heartbeat(**fields, **(accepted.watched.fields() if accepted else {}))

    def _fields(self, accepted: Accepted | None, companions: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What all events of a frame have."""
        return {
            "activity_id": self._identity.activity_id,
            "time": self._now,
            "who": Who.of(self._identity, self._seat.connection_id, companions),
            "online": accepted.online if accepted else None,
            "likes": accepted.likes if accepted else None,
        }

    def _rate(self, frame: Frame) -> Rate:
        return self._parts.chat_rate if frame.kind == "chat" else self._parts.other_rate


def _digest(frame: Frame) -> str:
    return digest_of(frame.message, frame.to, frame.extra) if isinstance(frame, Chat) else ""
