"""What Redis holds and does for an audience, from moment to moment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from bench.audience import ACTIVITY_ID, START_MS, Audience, Counts
from bench.redis_usage import Usage, longest_ms, room_bytes
from bench.result import Cell

COLUMNS = (
    "moment",
    "places",
    "off by",
    "users off by",
    "taken/s",
    "renewed/s",
    "given up/s",
    "scripts/s",
    "Redis CPU ms/s",
    "longest ms",
    "MB",
    "bytes a place",
)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The room at so many `seconds` of its clock, Redis's answers to what is not over yet left out.

    `per_second` are calls by kind, and what Redis did for them, since the moment before; `longest_ms` is the longest
    time that Redis was busy with one of them.
    """

    name: str
    seconds: float
    counted: Counts
    true: Counts
    per_second: Mapping[str, float]
    longest_ms: float
    bytes: Mapping[str, int]

    @property
    def off(self) -> int:
        """How many users, seats and places are counted that there are not, and the other way round."""
        return sum(abs(told - is_so) for told, is_so in zip(self.counted, self.true, strict=True))

    @property
    def bytes_a_place(self) -> float:
        return sum(self.bytes.values()) / max(1, self.counted.places)

    def row(self) -> list[Cell]:
        """Its cells, as in COLUMNS."""
        rates = [self.per_second[kind] for kind in ("take", "renew", "leave", "scripts", "cpuMs")]
        return [
            self.name,
            self.counted.places,
            self.counted.places - self.true.places,
            self.counted.users - self.true.users,
            *rates,
            self.longest_ms,
            sum(self.bytes.values()) / 1e6,
            self.bytes_a_place if self.counted.places else "-",
        ]

    def to_json(self) -> dict[str, Any]:
        """For the file."""
        own = asdict(self) | {"counted": self.counted._asdict(), "true": self.true._asdict()}
        return own | {"longestMs": own.pop("longest_ms"), "perSecond": own.pop("per_second")}


class Moments(list[Moment]):
    """What was noted of a room."""

    def __init__(self, room: Audience) -> None:
        super().__init__()
        self._room = room

    async def begin(self) -> None:
        """The first moment's rates count from now."""
        self._at, self._calls = self._room.now, self._room.made.calls.copy()
        await longest_ms(self._room.redis)
        self._usage = await Usage.of(self._room.redis)

    async def note(self, name: str) -> Moment:
        """Note the room as it is now."""
        room, seconds = self._room, (self._room.now - self._at) / 1000
        used = await Usage.of(room.redis) - self._usage
        made = {kind: room.made.calls[kind] - self._calls[kind] for kind in ("take", "renew", "leave")}
        done = made | {"scripts": used.scripts, "commands": used.commands, "cpuMs": used.cpu_seconds * 1000}
        moment = Moment(
            name=name,
            seconds=(room.now - START_MS) / 1000,
            counted=await room.counted(),
            true=room.true(),
            per_second={kind: number / seconds for kind, number in done.items()},
            longest_ms=await longest_ms(room.redis),
            bytes=await _kept(room.redis),
        )
        self.append(moment)
        await self.begin()
        return moment


async def _kept(redis: RedisCluster) -> dict[str, int]:
    """The room's bytes, without answers of calls: they live for seconds of Redis's clock, in which the room's goes on
    for minutes."""
    found = await room_bytes(redis, ACTIVITY_ID)
    del found["call"]
    return dict(found)
