import json
from dataclasses import replace
from typing import Any

from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.relay_state import RelayState
from functions.handlers import connect, message, relay
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.cuts import CUT_AT_ONCE
from functions.rooms.history import History
from functions.rooms.room_view import RoomView
from functions.rooms.sanctions import FOR_GOOD, BanList, Sanction
from functions.rooms.seats import Seat
from functions.usecases.expulsion import without_banned
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import Screens, batch, chat, relay_parts, screens, welcome_everybody

__all__ = ["relay_parts", "screens"]  # fixtures

BAN = Sanction(until=NOW + 60_000, since=NOW, by="ops", by_name="Ops", reason="no links, please")
TOLD = {"messageType": 11, "action": "banned", "seconds": 60, "reason": "no links, please"}


async def banning(parts: Any, redis: Any, user: str = "alice") -> Any:
    """The parts of a process that knows of the user's ban."""
    bans = PlatformBans(redis)
    await bans.ban(user, BAN, NOW)
    return replace(parts, bans=bans)


async def test_whoever_is_banned_from_all_rooms_takes_no_seat(parts: MessageParts, redis: Any, log: MemoryLog) -> None:
    knowing = await banning(parts, redis)
    answer = await connect.main(route_event(), knowing)
    assert (answer["statusCode"], json.loads(answer["body"])["message"]) == (403, "you are banned from all rooms")
    assert (await connect.main(route_event("bob"), knowing))["statusCode"] == 200
    assert [record.who.user_id for record in log.live] == ["bob"]


async def test_a_ban_that_the_process_does_not_know_yet_holds_at_the_handshake(
    parts: MessageParts, redis: Any, log: MemoryLog
) -> None:
    await parts.bans.current()
    await PlatformBans(redis).ban("alice", BAN, NOW)
    assert (await parts.bans.current()).of("alice", NOW) is None
    assert (await connect.main(route_event(), parts))["statusCode"] == 403
    assert log.live == []
    figures = await parts.state.figures(42)
    assert (figures.online, figures.connections) == (0, 0)


async def test_every_frame_of_a_connection_that_is_left_is_ignored_and_it_is_told_and_closed(
    parts: MessageParts, redis: Any, log: MemoryLog, relay_state: RelayState
) -> None:
    await connect.main(route_event(), parts)
    log.live.clear()
    frames = [json.dumps({"messageType": kind, "message": "hi", "id": str(kind)}) for kind in (3, 4, 6, 7)]
    for number, body in enumerate([*frames, "{", '{"messageType":5}']):
        knowing = replace(await banning(parts, redis), ended=type(parts.ended)())
        sent = route_event(connection_id=f"c{number}", body=body)
        assert await message.main(sent, knowing) == {"statusCode": 200}, body
        assert await message.main(sent, knowing) == {"statusCode": 200}, body
        assert [record.type for record in log.live] == [events.SEATED], body
        records = [replace(record, seq=number, logged_at=NOW) for record in log.live]
        (view,) = await relay_state.before({42: records}, NOW)
        assert {cut.seat.connection_id: cut.to_object() for cut in view.cut}[f"c{number}"] == TOLD, body
        log.live.clear()


async def test_a_frame_costs_no_further_round_trip_and_others_are_heard(
    parts: MessageParts, redis: Any, log: MemoryLog
) -> None:
    knowing = await banning(parts, redis)
    answer = await message.main(route_event("bob", body='{"messageType":7,"id":"1"}'), knowing)
    assert json.loads(answer["body"])[0]["ok"]


async def test_a_ban_that_is_over_holds_no_longer(parts: MessageParts, redis: Any, clock: Clock) -> None:
    knowing = await banning(parts, redis)
    clock.now += 60_000
    assert (await connect.main(route_event(), knowing))["statusCode"] == 200
    answer = await message.main(route_event(body='{"messageType":7,"id":"1"}'), knowing)
    assert json.loads(answer["body"])[0]["ok"]


async def test_the_next_tick_puts_whoever_came_in_at_that_moment_out(
    relay_parts: RelayParts, screens: Screens, redis: Any, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    await connect.main(route_event(connection_id="c2"), relay_parts.room)
    (seated,) = log.live
    knowing = await banning(relay_parts, redis)
    await relay.main(batch(seated, chat("hello"), first=50), knowing)
    assert screens.shown["c-alice"] == screens.shown["c2"] == [TOLD]
    assert sorted(screens.closed) == ["c-alice", "c2"]
    assert [said["messageType"] for said in screens.shown["c-bob"]] == [4]
    assert (await relay_parts.room.state.figures(42)).connections == 1
    left = [record for record in log.live if record.type == events.LEAVE]
    assert [record.who.user_id for record in left] == ["alice"]


async def test_a_tick_puts_some_out_at_a_time() -> None:
    seats = [Seat(f"c{number}", "classic", f"u{number}") for number in range(CUT_AT_ONCE + 5)]
    view = RoomView(
        activity_id=42,
        online=1,
        likes=0,
        mark=None,
        newcomers={seats[0]: NOW, seats[-1]: NOW},
        cursors={},
        seats=seats,
        history=History(epoch="e"),
    )
    bans = BanList({seat.user_id: Sanction(until=FOR_GOOD) for seat in seats})
    left = without_banned(view, bans, NOW)
    assert (len(left.cut), left.seats, list(left.newcomers)) == (CUT_AT_ONCE, seats[CUT_AT_ONCE:], [seats[-1]])
    assert without_banned(view, BanList({}), NOW) is view
    assert without_banned(view, BanList({"u1": Sanction(until=NOW)}), NOW) is view


async def test_whoever_comes_back_after_a_ban_was_lifted_is_not_put_out_by_an_old_copy(
    relay_parts: RelayParts, screens: Screens, redis: Any, log: MemoryLog
) -> None:
    knowing = await banning(relay_parts, redis)
    room = replace(relay_parts.room, bans=knowing.bans)
    assert (await connect.main(route_event(), room))["statusCode"] == 403
    await PlatformBans(redis).lift("alice", NOW)
    assert (await knowing.bans.current()).of("alice", NOW) == BAN
    assert (await connect.main(route_event(), room))["statusCode"] == 200
    await relay.main(batch(*log.live, first=50), knowing)
    assert screens.types("c-alice")[0] == 8
    answer = await message.main(route_event(body='{"messageType":7,"id":"1"}'), room)
    assert json.loads(answer["body"])[0]["ok"]
    assert screens.closed == []
