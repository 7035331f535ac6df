"""Takes a viewer's frame through the room: accepted in the state, written to the log, its result remembered.

What was accepted but cannot be written is taken back, so that a refused frame has changed nothing.
"""

import asyncio
import math
from dataclasses import replace

from functions.adapters.room_answers import Accepted, Gone, Kind, Rate, Refused, Repeated
from functions.adapters.room_log import LogUnavailable
from functions.metrics import WORDS_MASKED, WORDS_REJECTED
from functions.parts import RoomParts
from functions.rooms import events, objects
from functions.rooms.events import Event
from functions.rooms.frames import Chat, Frame, Heartbeat, Like
from functions.rooms.identity import Identity
from functions.rooms.objects import Object
from functions.rooms.refusal import Refusal
from functions.rooms.seats import Seat

# How long a repeated frame waits for the first one's result, in steps.
PATIENCE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 0.8)


class Sender:
    """One seat, sending. Methods raise Refusal, StateUnavailable and LogUnavailable."""

    def __init__(self, parts: RoomParts, seat: Seat, identity: Identity) -> None:
        self._parts = parts
        self._seat = seat
        self._identity = identity
        self._now = parts.clock()

    @property
    def activity_id(self) -> int:
        """The room."""
        return self._identity.activity_id

    async def send(self, frame: Chat | Like | Heartbeat) -> list[Object]:
        """Publish a frame; returns the reply that its `id` asks for."""
        self._check_capability(frame)
        if isinstance(frame, Chat):
            frame = await self._check_words(frame)
        accepted = await self.accept(frame)
        if isinstance(accepted, Gone):
            return []
        if isinstance(accepted, Repeated):
            seq = await self._first_result(frame, accepted.result)
        else:
            seq = await self._publish(frame, accepted)
        return [] if frame.client_id is None else [objects.accepted(frame.client_id, seq)]

    async def accept(self, frame: Frame) -> Accepted | Repeated | Gone:
        """Let the state take the frame in; refuses what the room's rates and rules do not allow."""
        kind = _kind(frame)
        accepted = await self._parts.state.accept(
            self._seat,
            self._identity,
            self._now,
            kind=kind,
            rate=self._rate(kind),
            count=_count(frame),
            # Asking twice who is here is no repetition: the answer is another.
            client_id=None if kind == "who" else frame.client_id,
            exempt="moderate" in self._identity.caps,
        )
        if isinstance(accepted, Refused):
            wait = math.ceil(accepted.wait / 1000)
            raise Refusal(accepted.code, _WHY[accepted.code], retry_after=wait or None)
        return accepted

    def _check_capability(self, frame: Chat | Like | Heartbeat) -> None:
        kind = _kind(frame)
        if kind in ("chat", "like") and kind not in self._identity.caps:
            raise Refusal("not_allowed", f"your token does not allow to {kind}")

    async def _check_words(self, frame: Chat) -> Chat:
        """The chat with its sensitive words masked; refuses one with words that must not be said at all."""
        verdict = (await self._parts.words.current()).check(frame.message)
        if verdict.rejected:
            self._parts.meter.emit({WORDS_REJECTED: 1})
            raise Refusal("rejected", "the message holds words that are not allowed")
        if verdict.text != frame.message:
            self._parts.meter.emit({WORDS_MASKED: 1})
        return replace(frame, message=verdict.text)

    async def _publish(self, frame: Chat | Like | Heartbeat, accepted: Accepted) -> int | None:
        """Write the frame to the log; returns the seq of a chat."""
        event = self._event(frame, accepted)
        try:
            await self._announce(accepted)
            if isinstance(frame, Heartbeat):
                await self._parts.log.publish_saved(event)
                return None
            event = await self._parts.log.publish_live(event)
        except LogUnavailable:
            await self._undo(frame, accepted)
            raise
        await self._save(frame, event)
        return event.seq if isinstance(frame, Chat) else None

    async def _announce(self, accepted: Accepted) -> None:
        """Say that a user is back whose seat had lapsed, and have a seat welcomed that still waits for it."""
        if accepted.retaken:
            await self._parts.state.list_room(self.activity_id, self._now)
        if accepted.retaken == "first":
            await self._parts.log.publish(self._event_of(events.JOIN, accepted))
        elif accepted.retaken == "further" or accepted.unwelcomed:
            await self._parts.log.publish_live(self._event_of(events.SEATED, accepted))

    async def _save(self, frame: Chat | Like, event: Event) -> None:
        """Write what is shown to the save topic too. If that fails it is too late to take it back, but a chat sent
        again under its id is then saved without being shown twice."""
        try:
            await self._parts.log.publish_saved(event)
        except LogUnavailable:
            await self._remember(frame, f"live:{event.seq}")
            raise
        await self._remember(frame, str(event.seq))

    async def _remember(self, frame: Frame, result: str) -> None:
        # What a like results in needs no seq, so the state knows it already.
        if isinstance(frame, Chat) and frame.client_id is not None:
            await self._parts.state.remember(self._identity, frame.client_id, result)

    async def _undo(self, frame: Frame, accepted: Accepted) -> None:
        kind = _kind(frame)
        await self._parts.state.undo(
            self._identity,
            kind=kind,
            rate=self._rate(kind),
            watched=accepted.watched,
            count=_count(frame),
            client_id=frame.client_id,
        )

    async def _first_result(self, frame: Chat | Like | Heartbeat, result: str | None) -> int | None:
        """The seq of the chat that was sent under this id before, None for other frames."""
        assert frame.client_id is not None
        for seconds in PATIENCE_SECONDS:
            if result is None or not result.startswith("pending:"):
                break
            await asyncio.sleep(seconds)
            result = await self._parts.state.recall(self._identity, frame.client_id)
        if result is None or result.startswith("pending:"):
            raise Refusal("unavailable", "the same id is still under way, try again", retry_after=1)
        if result == "ok":
            return None
        seq = int(result.removeprefix("live:"))
        if result.startswith("live:") and isinstance(frame, Chat):
            await self._save(frame, replace(self._event(frame, None), seq=seq))
        return seq

    def _event(self, frame: Frame, accepted: Accepted | None) -> Event:
        event = replace(
            self._event_of(_EVENT_TYPES[_kind(frame)], accepted),
            avatar=frame.companions.get("avatar", self._identity.avatar),
            company_id=frame.companions.get("company_id", ""),
            openid=frame.companions.get("openid", ""),
            unionid=frame.companions.get("unionid", ""),
            client_id=frame.client_id,
        )
        if isinstance(frame, Chat):
            return replace(event, content=frame.message, to=frame.to)
        if isinstance(frame, Heartbeat) and accepted is not None:
            return replace(event, watch_seconds=accepted.watched.seconds)
        return event

    def _event_of(self, type_: int, accepted: Accepted | None) -> Event:
        return Event(
            activity_id=self._identity.activity_id,
            type=type_,
            time=self._now,
            user_id=self._identity.user_id,
            username=self._identity.username,
            connection_id=self._seat.connection_id,
            avatar=self._identity.avatar,
            online=accepted.online if accepted else None,
            likes=accepted.likes if accepted else None,
        )

    def _rate(self, kind: Kind) -> Rate:
        return self._parts.chat_rate if kind == "chat" else self._parts.other_rate


_WHY = {
    "rate_limited": "too many frames",
    "slow_mode": "this room is in slow mode",
    "muted": "you are muted in this room",
    "frozen": "only moderators may speak in this room now",
}
_EVENT_TYPES: dict[Kind, int] = {"chat": events.CHAT, "like": events.LIKE, "heartbeat": events.HEARTBEAT}


def _kind(frame: Frame) -> Kind:
    if isinstance(frame, Chat):
        return "chat"
    if isinstance(frame, Like):
        return "like"
    return "heartbeat" if isinstance(frame, Heartbeat) else "who"


def _count(frame: Frame) -> int:
    return frame.count if isinstance(frame, Like) else 0
