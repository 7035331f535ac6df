"""The platform's bans, which hold in all rooms: one list that each process has a copy of.

A room's ban is a part of the room's state, and costs no round trip beside the others. A ban for all rooms can be in no
room's state: to write it into each of thousands would take long, and miss the rooms to come. So the bans are one key,
and each process looks at its copy of it, as with the words (shared_list.py).

A copy is up to some seconds old. Where a user comes in, and where a call is made, the key itself is asked, beside what
is asked there anyway. And nobody is put out by a copy alone: a ban that was lifted meanwhile must not cut off whoever
has just come back. So whoever knows of a ban asks the key whether it holds.

The key has no time to live, so ElastiCache Serverless never evicts it: its loss would let everybody in whom the
platform keeps out.
"""

import secrets

from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.script import Script, run
from functions.adapters.redis.shared_list import SharedList
from functions.rooms.people import Place
from functions.rooms.sanctions import BanList, Sanction

BANS = "bans"
_VERSION = "\tversion"  # no userId can hold a tab

_ban, _lift, _page = Script("ban_everywhere"), Script("lift_everywhere"), Script("sanctions")


class PlatformBans(SharedList[BanList]):
    """The list in Redis. Methods raise StateUnavailable; times are ms since the epoch."""

    name = "bans of the platform"

    async def ban(self, user_id: str, sanction: Sanction, now: int) -> bool:
        """Ban a user from all rooms; False if the list is full. In force everywhere within seconds."""
        given = {"user_id": user_id, "line": sanction.pack(), "version": _new_version()}
        return bool(await run(self._redis, _ban(platform_bans=BANS, **given, now=now)) == 1)

    async def lift(self, user_id: str, now: int) -> Sanction | None:
        """Lift a ban; returns it if it still held."""
        line = await run(self._redis, _lift(platform_bans=BANS, user_id=user_id, version=_new_version(), now=now))
        return Sanction.unpack(line) if line else None

    async def find(self, user_id: str, now: int) -> Sanction | None:
        """The user's ban if one holds at `now`: as Redis has it, and not as this process knows it."""
        with reaching_redis():
            line: str | None = await self._redis.hget(BANS, user_id)  # type: ignore[assignment]
        ban = Sanction.unpack(line) if line else None
        return ban if ban and ban.holds(now) else None

    async def held(self, user_id: str, now: int) -> Sanction | None:
        """The user's ban if one holds at `now`. A round trip only if this process knows of one; bans that Redis has
        lost stay in force."""
        known = (await self.current()).of(user_id, now)
        if known is None:
            return None
        with reaching_redis():
            found: list[str | None] = await self._redis.hmget(BANS, [user_id, _VERSION])  # type: ignore[assignment]
        line, version = found
        ban = Sanction.unpack(line) if line else None if version else known
        return ban if ban and ban.holds(now) else None

    async def page(self, now: int, *, limit: int, after: Place) -> tuple[list[tuple[str, Sanction]], Place | None]:
        """At most `limit` users with their bans that hold, and where the next page begins, None at the end."""
        call = _page(lists=[BANS], now=now, limit=limit, scan=after.scan, after=after.user_id)
        found, index, scan, user_id = await run(self._redis, call)
        page = [(user, Sanction.unpack(line)) for _, user, line in found]
        return page, None if index < 0 else Place(0, scan, user_id)

    async def _read_version(self) -> str | None:
        with reaching_redis():
            version: str | None = await self._redis.hget(BANS, _VERSION)  # type: ignore[assignment]
        return version

    async def _fetch(self) -> tuple[str, BanList] | None:
        with reaching_redis():
            found: dict[str, str] = await self._redis.hgetall(BANS)  # type: ignore[assignment]
        version = found.pop(_VERSION, None)
        if version is None:
            return None
        return version, BanList({user_id: Sanction.unpack(line) for user_id, line in found.items()})

    def _empty(self) -> BanList:
        return BanList({})


def _new_version() -> str:
    return secrets.token_hex(8)
