"""Takes a seat for a new connection, and announces the user who came with it."""

from contextlib import suppress
from functools import partial
from typing import Literal

from functions.adapters.kafka.room_log import OutcomeUnknown
from functions.adapters.redis.client import StateUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.parts import ConnectParts
from functions.rooms import events
from functions.rooms.answers import Banned, TooOften
from functions.rooms.events import Who
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat
from functions.runtime.metrics import JOINS_REFUSED, SEATS_REPLACED
from functions.runtime.together import both
from functions.usecases.announcer import announce


async def take_seat(
    parts: ConnectParts, identity: Identity, event: ConnectionEvent
) -> Literal["taken", "banned", "banned everywhere", "too often"]:
    """Take a seat in a room that the sweep knows of, and announce it, unless the user is banned or comes too often.

    Nearly all whom the platform has banned are known here, and take no seat. Of the others Redis is asked meanwhile.

    Raises StateUnavailable and LogUnavailable. Then there is no seat, or the sweep gives it up.
    """
    seat, activity_id, now = Seat.of(event.connection_id, identity), identity.activity_id, parts.clock()
    unseat = partial(parts.state.unseat, seat, activity_id, now)
    since = event.query.get("since", "")
    if await parts.bans.held(identity.user_id, now):
        return "banned everywhere"
    try:
        joined, (_, ban) = await both(
            parts.state.join(seat, identity, now, since=since),
            both(parts.state.list_room(activity_id, now), parts.bans.find(identity.user_id, now)),
        )
    except StateUnavailable:
        # The seat may have been taken all the same. If it cannot be given up now, the sweep gives it up.
        with suppress(StateUnavailable):
            await unseat()
        raise
    if isinstance(joined, Banned):
        return "banned"
    if ban:
        await unseat()
        return "banned everywhere"
    if isinstance(joined, TooOften):
        parts.meter.emit({JOINS_REFUSED: 1})
        return "too often"
    # The relay, which is told of the arrival, closes the connections of the seats that it replaced.
    parts.meter.emit({SEATS_REPLACED: joined.replaced})
    kind = events.Join if joined.first else events.Seated
    who = Who.of(identity, event.connection_id)
    arrival = kind(activity_id=activity_id, time=now, who=who, online=joined.online, likes=joined.likes)
    try:
        await announce(parts.log, arrival, unseat)
    except OutcomeUnknown:
        # Others may be told of a user who is refused. If so, they must be told that the user left.
        await (parts.state.doubt(seat, activity_id) if joined.first else unseat())
        raise
    return "taken"
