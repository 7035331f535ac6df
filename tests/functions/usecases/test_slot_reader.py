import json
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.gallery_state import SlotState
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.tokens.token_keys import TokenKeys
from functions.rooms.addresses import ticks_path
from functions.rooms.gallery import Slots, Spoken
from functions.rooms.places import ADDRESS_MS
from functions.usecases.slot_reader import KeepsWaiting, SlotReader, WrongKey
from tests.functions.galleries import gallery_state, open_gallery, place_of, server_ms, take

OLD, NEW = "o" * 32, "n" * 32
AT = 1_700_000_100_250


class Played(SlotState):
    """Slots as a clock shows them that goes on while somebody waits."""

    def __init__(self, at: int = AT, *, said_at: int = 0) -> None:
        self.at, self.asked, self._said_at = at, 0, said_at

    async def read(self, activity_id: int, first: int) -> Slots:
        self.asked += 1
        over = self.at // 1000
        said = [Spoken(self._said_at, '{"messageType":4}', "")] if first * 1000 <= self._said_at < over * 1000 else []
        return Slots(at=self.at, since=AT - 60_000, readers=1, over=over, spoken=said)

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


def keys_of(*secrets: str) -> TokenKeys:
    async def read() -> str:
        return json.dumps({"current": "k0"} | {f"k{number}": secret for number, secret in enumerate(secrets)})

    return TokenKeys(read)


def key_of(secret: str = OLD, at: int = AT, activity_id: int = 42) -> str:
    return ticks_path(activity_id, secret, at).split("/")[3]


def reader(state: Any, *secrets: str, sleep: Callable[..., Any] | None = None) -> SlotReader:
    return SlotReader(state=state, keys=keys_of(*secrets or (OLD,)), large_from=10, sleep=sleep or state.sleep)


async def test_a_reader_waits_until_something_is_said() -> None:
    played = Played(said_at=AT + 2_000)
    told = await reader(played).read(42, key_of(), AT // 1000)
    assert json.loads(told.body) == {"next": AT // 1000 + 3, "objects": [{"messageType": 4}]}
    assert played.at - AT < 3_000


async def test_a_reader_of_a_quiet_room_waits_no_longer_than_five_slots() -> None:
    played = Played()
    told = await reader(played).read(42, key_of(), AT // 1000)
    assert json.loads(told.body) == {"next": AT // 1000 + 5, "objects": []}


async def test_keys_of_both_secrets_are_valid_while_they_are_rotated() -> None:
    for secret in (OLD, NEW):
        told = await reader(Played(said_at=AT), NEW, OLD).read(42, key_of(secret), AT // 1000)
        assert told.kind == "slots", secret


async def test_a_wrong_key_costs_no_look_into_the_room() -> None:
    played = Played()
    for key in (key_of(NEW), key_of(activity_id=43), "guess", ""):
        with pytest.raises(WrongKey):
            await reader(played).read(42, key, AT // 1000)
    assert played.asked == 0


async def test_a_key_is_stale_by_the_clock_of_redis() -> None:
    with pytest.raises(WrongKey):
        await reader(Played()).read(42, key_of(at=AT - 2 * ADDRESS_MS), AT // 1000)
    told = await reader(Played(said_at=AT)).read(42, key_of(at=AT - ADDRESS_MS), AT // 1000)
    assert told.kind == "slots"


async def test_nobody_waits_for_a_clock_that_stands_still() -> None:
    async def stand_still(seconds: float) -> None: ...

    with pytest.raises(KeepsWaiting):
        await reader(Played(), sleep=stand_still).read(42, key_of(), AT // 1000)


async def test_what_redis_has_is_read_when_its_slot_is_over(redis: RedisCluster) -> None:
    await open_gallery(redis)
    _, view = await take(gallery_state(redis), place_of("alice"))
    await ModerationState(redis).places_of(42, "alice", calling=True)
    slots = SlotReader(state=SlotState(redis), keys=keys_of(OLD), large_from=10)
    told = await slots.read(42, key_of(at=server_ms()), view.at // 1000)
    assert json.loads(told.body)["for"] == [view.hash]
