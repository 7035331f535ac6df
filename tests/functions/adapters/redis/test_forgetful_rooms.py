"""Rooms that have no record in the batch which tells that Redis has forgotten some, and users who may have left."""

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.gallery_state import SlotState
from functions.adapters.redis.room_state import RoomState
from functions.rooms.room_view import Posted
from tests.functions.adapters.redis.relay_process import ELSEWHERE, LATER, Process, chat, span_of, tell_and_forget
from tests.functions.adapters.redis.snapshot import lose_all, roll_back, take
from tests.functions.adapters.redis.test_relay_history import NOW, Slices, come
from tests.functions.adapters.redis.test_room_state import join, seat, send
from tests.functions.galleries import gallery_state, open_gallery, place_of, taken


async def test_a_room_without_a_record_in_the_batch_is_told_once(
    state: RoomState, redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await open_gallery(redis)
    await tell_and_forget(redis, admin)
    assert (await SlotState(redis).read(42, 0)).since > 0
    batch, epochs = [chat(125, ELSEWHERE)], []
    for _ in range(2):
        # It dies before it has noted that.
        await Process(redis).before({ELSEWHERE: batch}, LATER, [span_of(batch, 121, 130)])
        epochs.append(await redis.hget("room:{42}:figures", "epoch"))
    began = str(epochs[0])
    assert epochs == [began] * 2 != [epoch] * 2
    await Process(redis).shows(*batch, first=121, last=130)
    assert (await SlotState(redis).read(42, 0)).since < 0
    await come(state, 1, since=f"{epoch}.90")
    history = (await Process(redis).shows(chat(145), first=131, last=150))[42].history
    assert (history.epoch, history.replay(f"{began}.144", 144).gap, await Slices(redis).kept()) == (began, False, [145])


async def test_a_node_that_lost_a_quiet_room_alone_is_told_with_its_next_record(
    redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await tell_and_forget(redis, admin, "room:{42}:*")
    await Process(redis).shows(chat(125, ELSEWHERE), first=121, last=130)
    history = (await Process(redis).shows(chat(135), first=131, last=140))[42].history
    assert history.epoch != epoch
    assert (await Process(redis).shows(chat(145), first=141, last=150))[42].history.epoch == history.epoch


async def test_an_empty_room_without_a_record_in_the_batch_costs_no_memory(
    redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await lose_all(redis, "room:{7}:*")
    await Process(redis).shows(chat(205), first=201, last=220)
    assert [name async for name in redis.scan_iter("room:{7}:*")] == []


async def test_a_room_that_is_new_behind_the_loss_is_told_nothing(
    redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await tell_and_forget(redis, admin)
    await Process(redis).shows(chat(125), first=121, last=130)
    began = (await Process(redis).shows(chat(135, 8), first=131, last=140))[8].history.epoch
    assert (await Process(redis).shows(chat(145, 8), first=141, last=150))[8].history.epoch == began


async def test_who_may_have_left_in_what_was_forgotten_is_announced_when_coming_back(
    state: RoomState, redis: RedisCluster, epoch: str
) -> None:
    gallery = gallery_state(redis)
    for user in ("alice", "bob"):
        await join(state, user)
        await Process(redis).after([Posted(activity_id=42, mark=None, welcomed=[seat(user)])], NOW)
    await open_gallery(redis)
    await taken(gallery, place_of("carol"))
    await Process(redis).shows(chat(205), first=201, last=220)
    # A heartbeat since then shows that alice is there.
    await send(state, "heartbeat", user="alice", now=LATER + 1)
    assert [(await join(state, user, "c2", LATER + 2)).first for user in ("alice", "bob")] == [False, True]
    await open_gallery(redis)
    assert (await taken(gallery, place_of("carol", 2), LATER + 2)).first
    # Their places and seats of before are given up when their leases end.
    assert (await state.figures(42)).online == 4


async def test_likewise_if_the_process_remembers_what_was_forgotten(
    state: RoomState, redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await join(state, "bob")
    one = Process(redis)
    await one.after([Posted(activity_id=42, mark=None, welcomed=[seat("bob")])], NOW)
    kept = await take(redis, "*")
    await one.shows(chat(105), first=101, last=120)
    await roll_back(admin, kept, "*")
    assert not (await join(state, "bob", "c2", LATER + 1)).first
    await one.shows(chat(125), first=121, last=130)
    assert (await join(state, "bob", "c3", LATER + 2)).first
