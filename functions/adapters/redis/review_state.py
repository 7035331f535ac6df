"""What a review has decided about the chats that users sent, for whoever sends one of them again.

All methods raise StateUnavailable, and are one round trip. Times are ms since the epoch.
"""

from dataclasses import replace

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.script import CallOnce, run
from functions.rooms.events import Chat, Event
from functions.rooms.limits import Limits
from functions.rooms.results import RESULT_MS, Result
from functions.rooms.seats import Seat, bucket_of
from functions.rooms.settling import result_of


class ReviewState:
    """The verdicts of all rooms. A chat without an `id` cannot be sent again, so nothing is kept for it."""

    def __init__(self, redis: RedisCluster, *, limits: Limits | None = None) -> None:
        self._redis = redis
        self._limits = limits or Limits()
        self._deny = CallOnce("deny")

    async def deny(self, seat: Seat, event: Event, reason: str, now: int, *, again: bool = False) -> bool:
        """Settle an accepted chat as denied, and count a refusal; returns whether that made a flood. `again`: the
        event's id was settled before."""
        room, user_id = RoomKeys(event.activity_id), seat.user_id
        (users,) = room.users([bucket_of(user_id)])
        call = self._deny(
            room,
            users=users,
            rate=room.rate(user_id),
            ids=[] if event.client_id is None else [room.sent_id(user_id, event.client_id)],
            seat=seat.pack(),
            accepted_at=event.time,
            now=now,
            flood_refusals=self._limits.refusals,
            flood_ms=self._limits.refusals_ms,
            pending=None if again else result_of(event, None).pack(),
            denied=Result(denied=reason).pack(),
        )
        return bool(await run(self._redis, call) == "flood")

    async def keep_text(self, chat: Chat, text: str) -> None:
        """Keep the text that an accepted chat with an `id` is shown with."""
        first = result_of(chat, None)
        with reaching_redis():
            await self._redis.set(_key(chat), f"{first.pack()}\n{text}", px=RESULT_MS)

    async def text_of(self, chat: Chat, first: Result) -> str:
        """The text that a chat was accepted with, when that is the same chat as this one, sent again. `first` is what
        is kept under its id."""
        with reaching_redis():
            kept: str | None = await self._redis.get(_key(chat))  # type: ignore[assignment]
        pending, _, text = (kept or "").partition("\n")
        sent = replace(result_of(chat, None), accepted_at=first.accepted_at)
        return text if pending == sent.pack() else chat.content


def _key(chat: Chat) -> str:
    return RoomKeys(chat.activity_id).changed(chat.who.user_id, chat.client_id or "")
