"""What the relay tells readers in the gallery, and that it costs nothing where there are none."""

import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from bench.counting_proxy import CountingProxy
from functions.adapters.redis.client import connect as connect_to_redis
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.relay_state import RelayState
from functions.handlers import connect, relay
from functions.rooms import events
from functions.usecases.cutter import Cutter
from functions.usecases.fanout import Fanout
from functions.usecases.ticker import Ticker
from tests.functions.conftest import NOW, MemoryLog, RelayParts, route_event
from tests.functions.galleries import EPOCH, entries, gallery_state, open_gallery, place_of, take, taken
from tests.functions.handlers.test_relay import (
    Plenty,
    Screens,
    batch,
    chat,
    relay_parts,
    screens,
    welcome_everybody,
)
from tests.functions.made import event
from tests.functions.sparse_state import SparseState

__all__ = ["relay_parts", "screens"]  # fixtures


def said(entry: dict[str, str]) -> list[Any]:
    """The objects of an entry."""
    found: list[Any] = json.loads(f"[{entry['said']}]")
    return found


async def slice_of(parts: RelayParts, redis: RedisCluster, screens: Screens, slice_: int, slices: int) -> RelayParts:
    rooms = SparseState(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)
    fanout = Fanout(screens, Plenty())
    ticker = Ticker(fanout, rooms, heartbeat_seconds=60, posts_a_tick=16_000, handshake_seconds=())
    return replace(parts, rooms=rooms, ticker=ticker, cutter=Cutter(fanout, screens))


async def evaluated(admin: RedisCluster) -> int:
    """How often Redis was asked to run a script."""
    nodes = admin.get_primaries() or (await admin.initialize()).get_primaries()
    stats: list[Any] = [await admin.info("commandstats", target_nodes=node) for node in nodes]
    return sum(each.get(f"cmdstat_{name}", {"calls": 0})["calls"] for each in stats for name in ("eval", "evalsha"))


async def test_readers_are_told_the_bytes_that_seats_are(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await open_gallery(redis)
    await relay.main(batch(chat("hi"), event(events.LIKE, likes=3), first=100), relay_parts)
    (entry,) = await entries(redis)
    assert f"[{entry['said']}]".encode() == screens.frames[-1]
    assert entry["for"] == ""


async def test_a_room_without_a_seat_is_read_too(relay_parts: RelayParts, redis: RedisCluster) -> None:
    await open_gallery(redis)
    await relay.main(batch(chat("hi"), first=100), relay_parts)
    (entry,) = await entries(redis)
    assert [one["textMessage"] for one in said(entry)] == ["hi"]


async def test_a_redelivered_batch_is_told_once_however_it_is_split(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await open_gallery(redis)
    for records in ([chat("1"), chat("2")], [chat("1")], [chat("1"), chat("2"), chat("3")]):
        await relay.main(batch(*records, first=100), relay_parts)
    told = [one["textMessage"] for entry in await entries(redis) for one in said(entry)]
    assert told == ["1", "2", "3"]


async def test_one_slice_tells_readers(relay_parts: RelayParts, screens: Screens, redis: RedisCluster) -> None:
    await open_gallery(redis)
    for slice_ in (1, 0, 2):
        await relay.main(batch(chat("hi"), first=100), await slice_of(relay_parts, redis, screens, slice_, 3))
    assert len(await entries(redis)) == 1


async def test_what_is_for_one_reader_waits_and_nobody_else_learns_of_it(
    relay_parts: RelayParts, redis: RedisCluster
) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis)
    _, alice = await take(gallery, place_of("alice"))
    _, bob = await take(gallery, place_of("bob", 2))
    await relay.main(batch(chat("psst", to="alice"), chat("psst", to="nobody"), chat("all"), first=100), relay_parts)
    # Which comes first depends on which scripts the server knows.
    calling, public = sorted(await entries(redis), key=lambda entry: entry["said"])
    assert calling == {"said": "", "for": alice.hash}
    assert [one["textMessage"] for one in said(public)] == ["all"]
    # The sender has no place, and nothing is kept for who has none.
    assert [key async for key in redis.scan_iter("*:mail:*")] == [RoomKeys(42).mail("alice")]
    _, renewed = await take(gallery, place_of("alice"), NOW + 1, asked=False, read_mail=alice.read)
    (letter,) = map(json.loads, renewed.letters)
    assert (letter["textMessage"], letter["to"], renewed.lacks_letters) == ("psst", "alice", False)
    _, again = await take(gallery, place_of("alice"), NOW + 2, asked=False, read_mail=renewed.read)
    assert again.letters == []
    _, others = await take(gallery, place_of("bob", 2), NOW + 2, asked=False, read_mail=bob.read)
    assert others.letters == []


async def test_more_letters_than_are_kept_are_told_as_a_gap(relay_parts: RelayParts, redis: RedisCluster) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis)
    _, alice = await take(gallery, place_of("alice"))
    for start in range(0, 120, 40):
        letters = [chat(f"{start + number}", to="alice") for number in range(40)]
        await relay.main(batch(*letters, first=100 + start), relay_parts)
    _, renewed = await take(gallery, place_of("alice"), NOW + 1, asked=False, read_mail=alice.read)
    assert len(renewed.letters) == 99
    assert json.loads(renewed.letters[-1])["textMessage"] == "119"
    assert renewed.lacks_letters


async def test_nothing_is_written_where_the_gallery_is_not_open(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster, admin: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("0"), first=99), relay_parts)
    before = await evaluated(admin)
    await relay.main(batch(chat("1"), first=100), relay_parts)
    # The history is written, the view is read, and the mark is noted; the partition's note is read and written.
    assert await evaluated(admin) - before == 5
    keys = {key async for key in redis.scan_iter("*")}
    assert not [key for key in keys if "gallery" in key or "slots" in key or "places" in key]
    await open_gallery(redis)
    await relay.main(batch(chat("2"), first=101), relay_parts)
    before = await evaluated(admin)
    await relay.main(batch(chat("3"), first=102), relay_parts)
    assert await evaluated(admin) - before == 6


async def test_a_tick_waits_for_redis_as_often_as_without_readers(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster, clean_redis: str, log: MemoryLog
) -> None:
    host, _, port = clean_redis.rpartition("/")[2].partition(":")
    proxy = CountingProxy(host, int(port))
    client = connect_to_redis(f"redis://127.0.0.1:{await proxy.start()}")
    await connect.main(route_event("alice"), relay_parts.room)
    parts = await slice_of(relay_parts, client, screens, 0, 1)
    await relay.main(batch(*log.live, first=10), parts)
    counts = []
    for first in (100, 101, 200, 201):
        if first == 200:
            await open_gallery(redis)
            await taken(gallery_state(redis), place_of("bob"))
        before = proxy.count
        await relay.main(batch(chat("hi"), first=first), parts)
        counts.append(proxy.count - before)
    _, without, _, with_readers = counts
    assert (with_readers.waits, with_readers.requests) == (without.waits, without.requests)
    assert with_readers.sent > without.sent
    await client.aclose()
    await proxy.stop()


async def test_what_readers_could_not_be_told_is_told_when_the_batch_comes_again(
    relay_parts: RelayParts, redis: RedisCluster
) -> None:
    await open_gallery(redis)

    class Away(RelayState):
        async def after(self, *_: Any) -> Any:
            raise ConnectionError

    away = Away(redis, slice_=0, slices=1, heartbeat_seconds=60)
    with pytest.raises(ConnectionError):
        await relay.main(batch(chat("hi"), first=100), replace(relay_parts, rooms=away))
    assert await entries(redis) == []
    await relay.main(batch(chat("hi"), first=100), relay_parts)
    assert len(await entries(redis)) == 1


async def test_who_takes_a_place_while_a_tick_is_made_is_told_what_the_gallery_was_told(
    relay_parts: RelayParts, redis: RedisCluster
) -> None:
    """Redis may have forgotten what stood before the tick: the relay finds that out with the tick."""
    await open_gallery(redis)
    gallery = gallery_state(redis)
    await relay.main(batch(chat("one"), first=100), relay_parts)
    two = event(user_id="carol", content="two", seq=101, logged_at=NOW)
    await relay_parts.rooms.before({42: [two]}, NOW)
    _, view = await take(gallery, place_of("alice"))
    assert (view.cursor, view.read, [entry.seq for entry in view.history.entries]) == (f"{EPOCH}.100", 100, [100])
    # Who comes from a seat may have the tick already.
    _, view = await take(gallery, place_of("bob", 2), since=f"{EPOCH}.101")
    assert not view.history.replay(f"{EPOCH}.101", view.newest).gap
    assert view.history.replay(f"{EPOCH}.99", view.newest).entries == view.history.entries
    await relay.main(batch(chat("two"), first=101), relay_parts)
    _, view = await take(gallery, place_of("dave", 3))
    assert (view.cursor, [entry.seq for entry in view.history.entries]) == (f"{EPOCH}.101", [100, 101])
