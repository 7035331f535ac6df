"""Counts the frames that are refused before they come to the room, and announces who was cut off for a flood.

The state counts and decides (lua/closing.lua): it bans the user for a while and lists the connections that are to be
closed. The record that is published here tells moderators of the ban and makes the relay look at the list. If it cannot
be published, the room's next record or the sweep does.
"""

from typing import get_args

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.cuts import FLOOD_BAN_SECONDS
from functions.rooms.events import Who
from functions.rooms.identity import Identity
from functions.rooms.refusal import Refusal, StateCode
from functions.rooms.seats import Seat
from functions.runtime.metrics import FLOODS
from functions.usecases.announcer import announce
from functions.usecases.expulsion import is_expelled

# Who acts when nobody does, as in the HTTP API without tokens.
ROOM = Who(user_id="platform", username="platform")


async def is_awaited(refusal: Refusal, parts: MessageParts, seat: Seat, identity: Identity) -> bool:
    """Whether the client waits for this refusal; False if its connection has ended, or the platform has banned the
    user. The refusal is counted, unless the state has done so."""
    if refusal.code in get_args(StateCode):
        return True
    now, counted = parts.clock(), ""
    try:
        if await is_expelled(parts, seat, identity.activity_id):
            return False
        counted = await parts.state.refuse(seat, identity, now)
        if counted == "flood":
            await announce_flood(parts, seat, identity, now)
    except (StateUnavailable, LogUnavailable) as away:
        parts.count_away(away)
    if counted == "gone":
        parts.ended.add(seat.connection_id, now)
    return counted != "gone"


async def announce_flood(parts: MessageParts, seat: Seat, identity: Identity, now: int) -> None:
    """Announce that the room has cut off a user who floods it. Raises LogUnavailable."""
    parts.meter.emit({FLOODS: 1})
    parts.ended.add(seat.connection_id, now)
    data = {"action": "banned", "seconds": FLOOD_BAN_SECONDS, "reason": "flooding"}
    ban = events.Sanction(activity_id=identity.activity_id, time=now, who=ROOM, to=identity.user_id, data=data)
    await announce(parts.log, ban)
