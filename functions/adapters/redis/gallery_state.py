"""The gallery in Redis: readers' places, and the slots that they read. Methods raise StateUnavailable; times are ms
since the epoch."""

import secrets
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis import arguments
from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.keys import PLACES, RoomKeys
from functions.adapters.redis.script import CallOnce, Script, run, run_all, succeeded
from functions.rooms.answers import Banned, TooOften
from functions.rooms.gallery import Slots, Spoken
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.places import TOLD_BEATS, Given, Kicked, Opening, PlaceView, SeatFree, Taken, read_place_view
from functions.rooms.sanctions import Sanction
from functions.rooms.seats import BUCKETS, Seat, bucket_of
from functions.rooms.watch_time import Stretch

Answer = Taken | SeatFree | Opening | Banned | Kicked | Given | TooOften


@dataclass(frozen=True, kw_only=True)
class Beats:
    """A place is renewed every `least` seconds, and less often where there are more than `per_second` can renew."""

    least: int
    per_second: int

    @property
    def told_ms(self) -> int:
        """A reader's watch time is published at about every so many ms, and when it ends."""
        return TOLD_BEATS * 1000 * self.least


class GalleryState:
    """The places of all rooms, as their readers take, renew and use them. A room with fewer than `seats_before` seats
    has places for nobody."""

    def __init__(self, redis: RedisCluster, *, seats_before: int, beats: Beats, limits: Limits | None = None) -> None:
        self._redis = redis
        self._seats_before = seats_before
        self.beats = beats
        self._limits = limits or Limits()
        self._place, self._view = CallOnce("place"), Script("place_view")

    async def take(
        self,
        place: Seat,
        identity: Identity,
        now: int,
        *,
        taken_at: int,
        everywhere: int,
        since: str,
        asked: bool,
        read_mail: int | None,
        rather_reads: bool = False,
    ) -> tuple[Answer, PlaceView]:
        """Take a place, or renew it, and look at the room as its reader is then told of it, in one round trip.

        `taken_at`: when the place was first taken. `everywhere`: the places of all rooms, as `everywhere()` has them.
        `asked`: for the history behind the cursor `since`, and the properties. `read_mail` is the seq up to which the
        reader has what was for it alone. Who `rather_reads` has a place although the room has a seat.
        """
        room, joins = RoomKeys(identity.activity_id), self._limits.joins
        taken = arguments.taken(room, place, identity, now)
        taken["place"], _ = taken.pop("seat"), taken.pop("seats")
        call = self._place(
            room,
            **taken,
            places=room.places(range(BUCKETS)),
            bucket=bucket_of(place.connection_id),
            taken_at=taken_at,
            salt=secrets.token_hex(16),
            seats_before=0 if rather_reads else self._seats_before,
            least_beat=self.beats.least,
            beats_per_second=self.beats.per_second,
            everywhere=everywhere,
            most_places=self._limits.seats,
            join_burst=joins.burst,
            join_per_second=joins.per_second,
        )
        user, mail = {"user_id": identity.user_id, "now": now}, room.mail(identity.user_id)
        view = self._view(room, **user, mail=mail, cursor=since, asked=int(asked), read_mail=read_mail)
        answer, seen = succeeded(await run_all(self._redis, [call, view]))
        return _read(answer), read_place_view(seen)

    async def everywhere(self) -> int:
        """How many places there are in all rooms, as the sweep has counted them last."""
        with reaching_redis():
            return int(await self._redis.get(PLACES) or 0)


class SlotState:
    """The slots of all rooms, as readers ask for them."""

    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis
        self._read_slots = Script("read_slots")

    async def read(self, activity_id: int, first: int) -> Slots:
        """What the room has said since the slot `first`."""
        found = await run(self._redis, self._read_slots(RoomKeys(activity_id), first=first))
        at, since, readers, over, spoken = found
        return Slots(at=at, since=since, readers=readers, over=over, spoken=[Spoken(*entry) for entry in spoken])


def _read(answer: Any) -> Answer:
    match answer:
        case ["ok", first, renewed, online, likes, beat, stretch]:
            return Taken(first == 1, renewed == 1, online, likes, beat, Stretch.read(stretch))
        case ["seat", online, likes]:
            return SeatFree(online, likes)
        case ["opening", wait]:
            return Opening(wait)
        case ["banned", line]:
            return Banned(Sanction.unpack(line))
        case ["kicked"]:
            return Kicked()
        case ["gone"]:
            return Given()
        case ["too often", wait]:
            return TooOften(wait)
    raise AssertionError(f"place.lua answered {answer!r}")
