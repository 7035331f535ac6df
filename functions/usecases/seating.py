"""Takes a seat for a new connection, and announces the user who came with it."""

import math
from contextlib import suppress
from functools import partial

from functions.adapters.kafka.room_log import OutcomeUnknown
from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.platform_bans import PlatformBans
from functions.aws_events.websocket import ConnectionEvent
from functions.parts import ConnectParts, RoomParts
from functions.rooms import events
from functions.rooms.answers import Banned, TooOften
from functions.rooms.denial import Denial
from functions.rooms.events import Who
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat
from functions.runtime.metrics import JOINS_REFUSED, SEATS_REPLACED
from functions.runtime.together import both
from functions.usecases.announcer import announce


async def take_seat(parts: ConnectParts, identity: Identity, event: ConnectionEvent) -> Denial | None:
    """Take a seat in a room that the sweep knows of, and announce it; or tell why not. `would_deny` has the same rules.

    Nearly all whom the platform has banned are known here, and take no seat. Of the others Redis is asked meanwhile.

    Raises StateUnavailable and LogUnavailable. Then there is no seat, or the sweep gives it up.
    """
    seat, activity_id, now = Seat.of(event.connection_id, identity), identity.activity_id, parts.clock()
    unseat = partial(parts.state.unseat, seat, activity_id, now)
    since = event.query.get("since", "")
    if await parts.bans.held(identity.user_id, now):
        return Denial.by_ban(everywhere=True)
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
        return Denial.by_ban(everywhere=False)
    if ban:
        await unseat()
        return Denial.by_ban(everywhere=True)
    if isinstance(joined, TooOften):
        parts.meter.emit({JOINS_REFUSED: 1})
        return Denial.by_rate()
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
    return None


async def would_deny(parts: RoomParts, rooms: AdmissionState, bans: PlatformBans, identity: Identity) -> Denial | None:
    """Why `take_seat` would take no seat now; None if it would take one. It takes none, and changes nothing.

    Raises StateUnavailable and LogUnavailable.
    """
    user_id, now = identity.user_id, parts.clock()
    if held := await bans.held(user_id, now):
        return Denial.by_ban(everywhere=True, ban=held, now=now)
    asked = both(rooms.would_join(identity.activity_id, user_id, now), bans.find(user_id, now))
    (joined, found), _ = await both(asked, parts.log.ping())
    if isinstance(joined, Banned):
        return Denial.by_ban(everywhere=False, ban=joined.ban, now=now)
    if found:
        return Denial.by_ban(everywhere=True, ban=found, now=now)
    if isinstance(joined, TooOften):
        return Denial.by_rate(retry_after=math.ceil(joined.wait / 1000))
    return None
