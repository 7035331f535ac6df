"""Rooms with a gallery to measure, and readers who have places in it."""

import json

from redis.asyncio.cluster import RedisCluster

from bench.result import BenchFailed
from bench.rooms import HEARTBEAT_SECONDS, Parts
from bench.viewers import Viewer
from functions.adapters.redis.gallery_state import Beats, GalleryState
from functions.adapters.tokens.token_keys import KEY_BYTES, TokenKeys
from functions.parts import RoomParts
from functions.runtime.settings import Settings
from functions.usecases.placing import Everywhere, Gallery, Order, Placed, take_place


def signing_keys() -> TokenKeys:
    """The keys that sign the addresses of slots."""

    async def read() -> str:
        return json.dumps({"current": "only", "only": "x" * KEY_BYTES})

    return TokenKeys(read)


def gallery_of(
    redis: RedisCluster,
    room: RoomParts,
    *,
    seats_before: int = 0,
    beats_per_second: int = Settings.gallery_beats_per_second,
) -> Gallery:
    """The gallery of a stage whose rooms have so many seats before readers get places."""
    beats = Beats(least=HEARTBEAT_SECONDS, per_second=beats_per_second)
    state = GalleryState(redis, seats_before=seats_before, beats=beats)
    return Gallery(state=state, keys=signing_keys(), everywhere=Everywhere(state, room.clock))


async def place(gallery: Gallery, parts: Parts, viewer: Viewer, held: str | None = None) -> Placed:
    """Take a place, as the HTTP API does, or renew the one that is `held`. The first place in a room takes up to a
    second: until then the room's gallery is not open."""
    placed = await take_place(parts.room, gallery, parts.bans, viewer.identity, Order(place=held))
    if not isinstance(placed, Placed):
        raise BenchFailed(f"no place was given: {placed}")
    return placed
