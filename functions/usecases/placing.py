"""Takes or renews a reader's place in the gallery, gives it up, and announces who came and left by that."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from functions.adapters.kafka.room_log import LogUnavailable, OutcomeUnknown
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.gallery_state import Answer, GalleryState
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.tokens.token_keys import TokenKeys
from functions.parts import Clock, RoomParts
from functions.rooms import events
from functions.rooms.addresses import ticks_path
from functions.rooms.answers import Banned, Departure, TooOften
from functions.rooms.denial import Denial
from functions.rooms.events import Who
from functions.rooms.identity import Identity
from functions.rooms.places import Given, Kicked, Opening, PlaceView, SeatFree, Taken, new_place_id, parse_place_id
from functions.rooms.sanctions import Sanction
from functions.rooms.seats import Seat
from functions.rooms.watch_time import is_told
from functions.runtime.metrics import JOINS_REFUSED, SILENT, Meter
from functions.runtime.together import both, every
from functions.usecases.announcer import announce, announce_departures

# The gallery is opened within a second. Its clock may then be another server's, once.
OPENINGS = 3
# How many places there are changes with every sweep.
KEEP_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a reader asks for: to renew `place`, or to take one if that is None. `since` and `read_mail` say up to where
    the reader has read, as functions/adapters/redis/gallery_state.py has it. `rather_reads`: also where the room has a
    seat; who names a place does so anyway."""

    place: str | None = None
    since: str = ""
    read_mail: int | None = None
    rather_reads: bool = False


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A place that its reader has now, in the room as it is told of. `lapsed`: it had to be taken again. `ticks` is the
    path below which slots are read. `asked`: whether the view has the history."""

    place: str
    taken: Taken
    lapsed: bool
    view: PlaceView
    ticks: str
    asked: bool


class Everywhere:
    """How many places there are in all rooms, asked for at times."""

    def __init__(self, state: GalleryState, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._known, self._asked_at = 0, 0

    async def refresh(self) -> None:
        """Await it beside other I/O; what fails is tried with the next call."""
        if abs(self._clock() - self._asked_at) >= KEEP_MS:
            with suppress(StateUnavailable):
                self._known, self._asked_at = await self._state.everywhere(), self._clock()

    @property
    def places(self) -> int:
        """As many as were known last."""
        return self._known


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """The gallery of a stage that has one. `keys` sign its addresses."""

    state: GalleryState
    keys: TokenKeys
    everywhere: Everywhere
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Gone(Exception):
    """The place was given up."""


class CutOff(Exception):
    """The user was kicked since the place was taken."""


async def take_place(
    room: RoomParts, gallery: Gallery, bans: PlatformBans, identity: Identity, order: Order, meter: Meter = SILENT
) -> Placed | SeatFree | Denial:
    """Take or renew a place, with the rules of a handshake, and announce who came by it.

    Raises Gone, CutOff, Malformed, StateUnavailable, LogUnavailable and SecretUnavailable. After the last three there
    is no place, or the sweep gives it up.
    """
    now = room.clock()
    place_id, taken_at = parse_place_id(order.place) if order.place else (new_place_id(now), now)
    place = Seat(place_id, "live.v1", identity.user_id, is_place=True)
    asked = order.place is None or bool(order.since)
    if held := await bans.held(identity.user_id, now):
        return Denial.by_ban(everywhere=True, ban=held, now=now)
    keys = await gallery.keys.current()
    taking = partial(_take_when_open, gallery, place, identity, now, taken_at=taken_at, order=order, asked=asked)
    undo = partial(room.state.unseat, place, identity.activity_id, now)
    coming, comes = partial(_come, room, bans, identity, now), order.place is None
    try:
        beside = coming() if comes else room.state.list_again(identity.activity_id, now)
        (answer, view), ban = await both(taking(), beside)
        if lapsed := not comes and isinstance(answer, Taken) and not answer.renewed:
            comes, ban = True, await coming()
    except StateUnavailable:
        if comes:
            with suppress(StateUnavailable):
                await undo()
        raise
    if ban:
        await undo()
        return Denial.by_ban(everywhere=True, ban=ban, now=now)
    if denial := _denial(answer, now, meter):
        return denial
    if isinstance(answer, SeatFree):
        return answer
    assert isinstance(answer, Taken)
    await _announce(room, place, identity, answer, now, undo, gallery.state.beats.told_ms)
    path = ticks_path(identity.activity_id, keys.by_kid[keys.current], view.at)
    return Placed(place=place_id, taken=answer, lapsed=lapsed, view=view, ticks=path, asked=asked)


async def _come(room: RoomParts, bans: PlatformBans, identity: Identity, now: int) -> Sanction | None:
    """Have the sweep know of the room that the user comes to; returns the user's ban from all rooms. Who only renews a
    place is looked for in this process's copy of the bans, as with each message of who has a seat."""
    _, ban = await both(room.state.list_room(identity.activity_id, now), bans.find(identity.user_id, now))
    return ban


async def _take_when_open(
    gallery: Gallery, place: Seat, identity: Identity, now: int, *, taken_at: int, order: Order, asked: bool
) -> tuple[Answer, PlaceView]:
    """The state's answer. Whoever comes in the second in which the gallery is opened waits for the next one."""
    await gallery.everywhere.refresh()
    for _ in range(OPENINGS):
        answer, view = await gallery.state.take(
            place,
            identity,
            now,
            taken_at=taken_at,
            everywhere=gallery.everywhere.places,
            since=order.since,
            asked=asked,
            read_mail=order.read_mail,
            # Who has read here reads on: if Redis has lost a large room, its seats are not counted yet, and all its
            # readers would take some.
            rather_reads=order.rather_reads or order.place is not None,
        )
        if not isinstance(answer, Opening):
            return answer, view
        await gallery.sleep(answer.wait / 1000)
    raise StateUnavailable("the gallery does not stay open")


def _denial(answer: Answer, now: int, meter: Meter) -> Denial | None:
    match answer:
        case Banned(ban):
            return Denial.by_ban(everywhere=False, ban=ban, now=now)
        case TooOften(wait):
            meter.emit({JOINS_REFUSED: 1})
            return Denial.by_rate(retry_after=math.ceil(wait / 1000))
        case Kicked():
            raise CutOff
        case Given():
            raise Gone
    return None


async def _announce(
    room: RoomParts,
    place: Seat,
    identity: Identity,
    taken: Taken,
    now: int,
    undo: Callable[[], Awaitable[None]],
    told_ms: int,
) -> None:
    """Publish that the user came, and what was watched if that is due."""
    who = Who.of(identity, place.connection_id)
    fields: dict[str, Any] = {"activity_id": identity.activity_id, "time": now, "who": who}
    fields |= {"online": taken.online, "likes": taken.likes}
    if taken.first:
        try:
            await announce(room.log, events.Join(**fields), undo)
        except OutcomeUnknown:
            await room.state.doubt(place, identity.activity_id)
            raise
    due = is_told(identity.user_id, taken.watched, told_ms)
    for watched in (taken.watched.before, taken.watched if due else None):
        # If it cannot be written, the next record has this time too.
        with suppress(LogUnavailable):
            if watched:
                await announce(room.log, events.Heartbeat(**fields, **watched.fields()))


async def end_places(room: RoomParts, activity_id: int, places: Sequence[Seat]) -> None:
    """Give places up, and announce who left by it. Raises StateUnavailable and LogUnavailable; then the sweep does."""
    now = room.clock()
    ended = await every(room.state.leave(place, activity_id, now) for place in places)
    departed = [Departure(activity_id, place, left) for place, left in zip(places, ended, strict=True) if left]
    await announce_departures(departed, room.state, room.log, now)
