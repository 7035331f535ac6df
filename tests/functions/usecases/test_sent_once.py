"""A chat is shown once and stored once, in whatever order its frames, its records and the relays come.

Users send chats under ids, and send them again until they are acknowledged. The log may be away, stand still and write
later, or the function may be killed before or behind each record. Two slices read the log in batches of any length,
which are redelivered at random. A relay's process may be replaced; or else Redis loses its ids. At last all heals.
"""

import json
import random
from collections import defaultdict
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.relay_state import RelayState
from functions.handlers import message
from functions.parts import MessageParts
from functions.rooms.broadcast import plan
from functions.rooms.events import CHAT, Event
from functions.rooms.results import PENDING_MS
from functions.usecases import once
from tests.functions.conftest import Clock, MemoryLog, route_event

SLICES = 2
Name = tuple[str, str]


class Killed(BaseException):
    """The function's process ends here."""


class FrailLog(MemoryLog):
    """Kills who publishes, if it is told to: before the record of a topic, or behind it."""

    kill = ""

    async def publish_live(self, event: Event) -> Event:
        self._die("before live")
        event = await super().publish_live(event)
        self._die("behind live")
        return event

    async def publish_saved(self, event: Event) -> None:
        await super().publish_saved(event)
        self._die("behind saved")

    def _die(self, moment: str) -> None:
        if self.kill == moment:
            raise Killed


class Slice:
    """A relay: where it reads on, and the seqs that its viewers were shown under each name."""

    def __init__(self, number: int, redis: RedisCluster) -> None:
        self._number, self._redis = number, redis
        self.position = 0
        self.shown: dict[Name, list[int]] = defaultdict(list)
        self.mark = -1
        self.restart()

    def restart(self) -> None:
        self.state = RelayState(self._redis, slice_=self._number, slices=SLICES, heartbeat_seconds=60)

    async def read(self, log: MemoryLog, now: int, length: int, *, commits: bool) -> None:
        batch = log.live[self.position : self.position + length]
        if not batch:
            return
        [view] = await self.state.before({42: batch}, now)
        planned = plan(view, batch, now, posts=1000, heartbeat_seconds=60)
        assert planned.mark.seq >= batch[-1].seq
        for event in batch:
            if event.type == CHAT and event.seq > self.mark and event.seq not in view.duplicates:
                self.shown[name(event)].append(event.seq)
        self.mark = max(self.mark, batch[-1].seq)
        self.position += length if commits else 0


def name(event: Event) -> Name:
    assert event.client_id is not None
    return event.who.user_id, event.client_id


class Room:
    def __init__(self, parts: MessageParts, redis: RedisCluster, log: FrailLog, clock: Clock, seed: int) -> None:
        self.parts, self.redis, self.log, self.clock = parts, redis, log, clock
        self.dice = random.Random(seed)
        self.loses_ids = seed % 2 == 1
        self.slices = [Slice(number, redis) for number in range(SLICES)]
        self.unsure: list[Name] = []
        self.acknowledged: dict[Name, set[int]] = defaultdict(set)
        self.sent = 0

    async def run(self, steps: int) -> None:
        for _ in range(steps):
            self.clock.now += self.dice.choice((1, 50, 1_000, 4_000, 20_000))
            step = self.dice.choice(
                (self.send, self.send, self.repeat, self.repeat, self.relay, self.relay, self.break_)
            )
            await step()
        await self.heal()
        while self.unsure or any(each.position < len(self.log.live) for each in self.slices):
            await self.repeat()
            self.clock.now += PENDING_MS // 3
            for each in self.slices:
                await each.read(self.log, self.clock.now, 1000, commits=True)
                each.position = min(each.position, len(self.log.live))

    async def heal(self) -> None:
        """The log writes what it took earlier, when every id is free again and has been sent again."""
        self.log.kill, self.log.live_is_away, self.log.save_is_away = "", False, False
        for self.log.live_stands_still in (False, True):
            for _ in range(10):
                await self.send()
        self.log.live_stands_still = self.log.save_stands_still = False
        self.clock.now += PENDING_MS + 1
        for _ in range(len(self.unsure)):
            await self._say(self.unsure.pop(0))
        self.log.wake()

    async def send(self) -> None:
        self.sent += 1
        await self._say((f"u{self.dice.randrange(3)}", f"c{self.sent}"))

    async def repeat(self) -> None:
        if self.unsure:
            await self._say(self.unsure.pop(self.dice.randrange(len(self.unsure))))

    async def _say(self, said: Name) -> None:
        user, client_id = said
        body = json.dumps({"messageType": CHAT, "message": f"said by {user}", "id": client_id})
        try:
            answer = await message.main(route_event(user, body=body), self.parts)
        except Killed:
            self.unsure.append(said)
            return
        [reply] = json.loads(answer["body"])
        if reply["ok"]:
            self.acknowledged[said].add(reply["seq"])
            if self.dice.random() < 0.2:  # the answer is lost on its way
                self.unsure.append(said)
        else:
            assert reply["error"] == "unavailable", reply
            self.unsure.append(said)

    async def relay(self) -> None:
        each, length = self.dice.choice(self.slices), self.dice.randrange(1, 8)
        length = min(length, len(self.log.live) - each.position)
        await each.read(self.log, self.clock.now, length, commits=self.dice.random() < 0.7)

    async def break_(self) -> None:
        self.log.kill = self.dice.choice(("", "", "before live", "behind live", "behind saved"))
        self.log.live_is_away, self.log.save_is_away = self.dice.random() < 0.2, self.dice.random() < 0.2
        if self.dice.random() < 0.3:
            self.log.wake()
        self.log.live_stands_still, self.log.save_stands_still = self.dice.random() < 0.3, self.dice.random() < 0.3
        if self.loses_ids and self.dice.random() < 0.2:
            for key in [key async for key in self.redis.scan_iter("room:{42}:id:*")]:
                await self.redis.delete(key)
        if not self.loses_ids and self.dice.random() < 0.2:
            self.dice.choice(self.slices).restart()

    def stored(self) -> dict[Name, list[int]]:
        """What the archive has: of each name the first seq."""
        found: dict[Name, list[int]] = {}
        for event in self.log.saved:
            if event.type == CHAT:
                found.setdefault(name(event), [event.seq])
        return found


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_a_chat_is_shown_once_and_stored_once(
    parts: MessageParts, redis: RedisCluster, clock: Clock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "PATIENCE_SECONDS", (0.0,))
    log = FrailLog()
    plenty = {"burst": 10_000, "per_second": 10_000}
    free = MessageParts(**(vars(parts) | {"log": log, "chat_rate": type(parts.chat_rate)(**plenty)}))
    room = Room(free, redis, log, clock, seed)
    await room.run(250)
    assert room.sent > 30
    names = set(room.acknowledged)
    for each in room.slices:
        assert {said: len(seqs) for said, seqs in each.shown.items()} == dict.fromkeys(names, 1)
    assert room.slices[0].shown == room.slices[1].shown
    assert room.stored().keys() == names
    if not room.loses_ids:
        assert room.stored() == room.slices[0].shown
        assert {said: sorted(seqs) for said, seqs in room.acknowledged.items()} == room.slices[0].shown
    written: dict[Name, list[Any]] = defaultdict(list)
    for event in log.live:
        if event.type == CHAT:
            written[name(event)].append(event.seq)
    assert any(len(seqs) > 1 for seqs in written.values()), "nothing was written twice: this proves nothing"
