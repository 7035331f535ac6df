"""Puts those out of a room whom the platform has banned from all rooms.

The API closes the connections that a user has when the ban comes. This is for the others: a connection without a seat,
and one that came in at that moment. Its next frame ends it, or the next tick of its room does, whatever comes first. A
relay tells it why and closes it, as one that the room has cut off (functions/rooms/cuts.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from functions.adapters.redis.platform_bans import PlatformBans
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.cuts import CUT_AT_ONCE, Cut, banned_as
from functions.rooms.room_view import RoomView
from functions.rooms.sanctions import BanList
from functions.rooms.seats import Seat
from functions.runtime.together import every
from functions.usecases.announcer import announce


async def is_expelled(parts: MessageParts, seat: Seat, activity_id: int) -> bool:
    """Whether the platform has banned the user. Then the connection has ended, and is listed to be closed.

    It costs round trips only then. Raises StateUnavailable and LogUnavailable.
    """
    now = parts.clock()
    ban = await parts.bans.held(seat.user_id, now)
    if ban is None:
        return False
    if await parts.state.expel(seat, activity_id, banned_as(ban, now), now):
        # The relay closes the connection with the room's next record: this is one.
        await announce(parts.log, events.Seated(activity_id=activity_id, time=now))
    parts.ended.add(seat.connection_id, now)
    return True


async def put_out(views: Sequence[RoomView], bans: PlatformBans, now: int) -> list[RoomView]:
    """The rooms, as `without_banned` makes them. It costs a round trip only if there is somebody to put out. Raises
    StateUnavailable."""
    known = await bans.current()
    users = dict.fromkeys(known.among(seat.user_id for view in views for seat in view.seats))
    some = list(users)[:CUT_AT_ONCE]
    found = await every(bans.held(user_id, now) for user_id in some)
    held = BanList({user_id: ban for user_id, ban in zip(some, found, strict=True) if ban})
    return [without_banned(view, held, now) for view in views]


def without_banned(view: RoomView, bans: BanList, now: int) -> RoomView:
    """A room in which the seats of banned users, some at a time, are no seats but connections to be cut off."""
    if not len(bans):
        return view
    found = [(seat, ban) for seat in view.seats if (ban := bans.of(seat.user_id, now))]
    cut = [Cut(banned_as(ban, now), seat, now) for seat, ban in found[:CUT_AT_ONCE]]
    if not cut:
        return view
    ended = {each.seat for each in cut}
    return replace(
        view,
        seats=[seat for seat in view.seats if seat not in ended],
        newcomers={seat: taken for seat, taken in view.newcomers.items() if seat not in ended},
        cut=[*view.cut, *cut],
    )
