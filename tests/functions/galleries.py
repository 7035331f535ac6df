"""A gallery that has been open for a while, and readers who take places in it."""

import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.gallery_state import Answer, Beats, GalleryState
from functions.adapters.redis.keys import RoomKeys
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.places import READING_MS, PlaceView, Taken
from functions.rooms.seats import Seat
from tests.functions.conftest import NOW, UNLIMITED

EPOCH = "e1"
SALT = "salt"


def server_ms() -> int:
    """The clock of the Redis on this machine."""
    return time.time_ns() // 1_000_000


async def open_gallery(redis: RedisCluster, activity_id: int = 42, *, since: int | None = None) -> None:
    """Open a room's gallery, as if somebody had come a minute ago, or at that ms."""
    room, now = RoomKeys(activity_id), server_ms()
    await redis.hsetnx(room.figures, "epoch", EPOCH)
    await redis.hset(room.figures, "reading", str(now + READING_MS))
    epoch: Any = await redis.hget(room.figures, "epoch")
    opened: Any = {"epoch": str(epoch), "open": str(now - 60_000 if since is None else since), "salt": SALT}
    await redis.hset(room.gallery, mapping=opened)


def gallery_state(
    redis: RedisCluster, *, seats_before: int = 0, per_second: int = 500, limits: Limits = UNLIMITED
) -> GalleryState:
    return GalleryState(redis, seats_before=seats_before, beats=Beats(least=60, per_second=per_second), limits=limits)


def place_of(user: str, number: int = 1, taken_at: int = NOW) -> Seat:
    return Seat(f"g{taken_at:013d}{number:016x}", "live.v1", user, is_place=True)


def identity_of(user: str, activity_id: int = 42) -> Identity:
    return Identity(activity_id=activity_id, user_id=user, username=user.title(), framing="live.v1")


async def take(state: GalleryState, place: Seat, now: int = NOW, **given: Any) -> tuple[Answer, PlaceView]:
    """Take or renew a place in room 42."""
    order: dict[str, Any] = {"taken_at": NOW, "everywhere": 0, "since": "", "asked": True, "read_mail": None} | given
    return await state.take(place, identity_of(place.user_id), now, **order)


async def taken(state: GalleryState, place: Seat, now: int = NOW, **given: Any) -> Taken:
    """As `take`, which succeeds."""
    answer, _ = await take(state, place, now, **given)
    assert isinstance(answer, Taken), answer
    return answer


async def entries(redis: RedisCluster, activity_id: int = 42) -> Sequence[dict[str, str]]:
    """What stands in the slots."""
    found: Any = await redis.xrange(RoomKeys(activity_id).slots)
    return [fields for _, fields in found]
