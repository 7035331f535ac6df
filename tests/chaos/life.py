"""What people do in a room while faults come and go, and what the platform does to it."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.history import Object, Outcome, Sending
from tests.chaos.viewer import Viewer

# The mean pauses of one client in seconds.
CHAT_SECONDS = 6.5
LIKE_SECONDS = 25.0
AWAY_SECONDS = 70.0
# A reader who is offered a seat, in a room that was emptied, would keep it.
SEATED_SECONDS, LOOK_SECONDS = 15.0, 0.5
PRIVATE_SHARE = 0.1
# The mean pauses of the platform in one room.
NOTICE_SECONDS, REMOVAL_SECONDS, SETTINGS_SECONDS, PROPERTIES_SECONDS = 10.0, 20.0, 12.0, 6.0
PROPERTIES = ("pinned", "note", "stream", "auction")


@dataclass
class Platform:
    """The HTTP API of one room. A call's result is the status, 0 without an answer. `noticed` are the seqs of notices
    that were acknowledged, `removed` those of chats whose removal was asked for. `described` has what the properties
    were to be by the last call of each."""

    http: httpx.AsyncClient
    activity: int
    noticed: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    described: Object = field(default_factory=lambda: dict.fromkeys(PROPERTIES))

    async def call(self, method: str, path: str = "", body: Object | None = None) -> tuple[int, Any]:
        try:
            address = f"/api/activities/{self.activity}{path}"
            answer = (
                await self.http.request(method, address, json=body)
                if body
                else await self.http.request(method, address)
            )
            return answer.status_code, answer.json() if answer.content else None
        except (httpx.HTTPError, ValueError):
            return 0, None

    async def notice(self, name: str) -> None:
        status, answer = await self.call("POST", "/notices", {"name": name, "data": {"text": name * 10}})
        if status == 201:
            self.noticed.add(int(answer["seq"]))

    async def remove(self, seq: int) -> None:
        self.removed.add(seq)
        await self.call("DELETE", f"/messages/{seq}")

    async def settle(self, slow: int, *, frozen: bool) -> int:
        """Change the settings; returns the status."""
        status, _ = await self.call("PATCH", "", {"slowModeSeconds": slow, "frozen": frozen})
        return status

    async def describe(self, changes: Object) -> int:
        """Change properties; returns the status."""
        self.described |= changes
        status, _ = await self.call("PATCH", "/properties", changes)
        return status


async def live(client: Viewer, users: Sequence[str]) -> None:
    """Chat, like, and come and go, until cancelled."""
    await asyncio.gather(_chat(client, users), _like(client), _come_and_go(client), _read_again(client))


async def _pause(dice: random.Random, mean: float) -> None:
    await asyncio.sleep(dice.expovariate(1 / mean))


async def _chat(client: Viewer, users: Sequence[str]) -> None:
    dice, person = client.dice, client.person
    for number in itertools.count(1):
        await _pause(dice, CHAT_SECONDS * person.pace)
        to = dice.choice(users) if dice.random() < PRIVATE_SHARE else None
        id_ = f"{person.name}-c{number}"
        client.send(Sending(user=person.user, id=id_, text=f"{id_} says {dice.random()}", to=to))


async def _like(client: Viewer) -> None:
    for number in itertools.count(1):
        await _pause(client.dice, LIKE_SECONDS * client.person.pace)
        id_ = f"{client.person.name}-l{number}"
        client.send(Sending(user=client.person.user, id=id_, kind="like", count=client.dice.randint(1, 5)))


async def _come_and_go(client: Viewer) -> None:
    while True:
        await _pause(client.dice, AWAY_SECONDS)
        if client.dice.random() < 0.5:
            await client.reload()
        else:
            await client.leave(client.dice.uniform(0, 6))


async def _read_again(client: Viewer) -> None:
    """Load the page of a reader again who has had a seat for long."""
    seated = 0.0
    while client.person.quiet:
        await asyncio.sleep(LOOK_SECONDS)
        seated = seated + LOOK_SECONDS if client.lane == "seat" else 0.0
        if seated > SEATED_SECONDS:
            await client.reload()


async def rule(platform: Platform, clients: Sequence[Viewer], dice: random.Random) -> None:
    """Notices, removals and changes of the settings and of properties, until cancelled."""
    await asyncio.gather(
        *(_notify(platform, dice), _remove(platform, clients, dice), _change(platform, dice), _describe(platform, dice))
    )


async def _notify(platform: Platform, dice: random.Random) -> None:
    for number in itertools.count(1):
        await _pause(dice, NOTICE_SECONDS)
        await platform.notice(f"notice {number}")


async def _remove(platform: Platform, clients: Sequence[Viewer], dice: random.Random) -> None:
    while True:
        await _pause(dice, REMOVAL_SECONDS)
        sendings = [one for client in clients for one in client.outbox.sendings]
        known = [one.seq for one in sendings if one.outcome is Outcome.ACKNOWLEDGED and one.seq is not None]
        if known:
            await platform.remove(dice.choice(known[-20:]))


async def _change(platform: Platform, dice: random.Random) -> None:
    """Two moderators sometimes change the settings at once."""
    while True:
        await _pause(dice, SETTINGS_SECONDS)
        changes = [platform.settle(dice.randrange(3), frozen=dice.random() < 0.3) for _ in range(dice.randint(1, 2))]
        await asyncio.gather(*changes)
        await asyncio.sleep(dice.uniform(0.5, 2))
        await platform.settle(0, frozen=False)


async def _describe(platform: Platform, dice: random.Random) -> None:
    """Two services often change properties at once, each its own or the same, and sometimes remove one."""
    for number in itertools.count(1):
        await _pause(dice, PROPERTIES_SECONDS)
        named = dice.sample(PROPERTIES, dice.randint(1, 2)), dice.sample(PROPERTIES, 1)
        changes = [{name: None if dice.random() < 0.2 else {"n": number} for name in names} for names in named]
        await asyncio.gather(*map(platform.describe, changes))
