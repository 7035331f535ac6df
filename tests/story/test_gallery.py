"""A reader in the gallery, over real sockets: takes a place, reads, is spoken to, takes a seat, is banned."""

import asyncio
from typing import Any

import pytest

from tests.story.rooms import GENEROUS, Rooms
from tests.story.viewer import CHAT, JOINED, LEFT

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.emulator(environment={**GENEROUS, "GALLERY_FROM": "1"}),
]


READERS, CHATS = 100, 10


class Reader:
    """A client that stands in the gallery."""

    def __init__(self, rooms: Rooms, activity: int, name: str) -> None:
        self._rooms, self._path, self._name = rooms, f"/api/activities/{activity}/place", name
        self.told: dict[str, Any] = {}
        self.next = 0
        self.seen = -1  # the highest seq

    async def call(self, **order: Any) -> Any:
        return await self._rooms.http.post(self._path, json={"username": self._name, **order})

    async def come(self, **order: Any) -> None:
        """Take a place."""
        await self.renew(**order)
        self.next = self.told["next"]

    async def renew(self, **order: Any) -> None:
        answer = await self.call(**order)
        assert answer.status_code == 200, answer.text
        self.told = answer.json()
        assert self.told["lane"] == "gallery"
        self.told["history"] = list(filter(self._is_new, self.told.get("history", ())))

    def _is_new(self, found: dict[str, Any]) -> bool:
        seq = found.get("seq", self.seen + 1)
        is_new: bool = seq > self.seen
        self.seen = max(self.seen, found.get("seq", -1))
        return is_new

    async def read(self) -> dict[str, Any]:
        """One answer, which the next one follows."""
        answer = await self._rooms.http.get(f"{self.told['ticks']}{self.next}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "public, max-age=60, immutable"
        found: dict[str, Any] = answer.json()
        assert found["next"] > self.next
        self.next = found["next"]
        return found

    async def read_until(self, type_: int) -> dict[str, Any]:
        """The first object of this type that was not seen before."""
        while True:
            for found in (await self.read())["objects"]:
                if found["messageType"] == type_ and self._is_new(found):
                    return dict(found)

    async def read_chats(self) -> list[str]:
        """The chats of one answer that were not seen before."""
        found = (await self.read())["objects"]
        return [one["textMessage"] for one in found if one["messageType"] == CHAT and self._is_new(one)]

    async def read_until_called(self) -> None:
        """Until something waits for this reader."""
        while self.told["hash"] not in (await self.read()).get("for", ()):
            pass

    async def leave(self) -> None:
        place = {"place": self.told["place"], "userId": self._name}
        assert (await self._rooms.http.post(f"{self._path}/leave", params=place)).status_code == 204


async def test_the_first_viewer_takes_a_seat_and_the_others_read(rooms: Rooms, activity: int) -> None:
    bob = Reader(rooms, activity, "bob")
    assert (await bob.call()).json()["lane"] == "seat"
    alice = await rooms.enter(activity, "alice")
    await bob.come()
    assert (await alice.told_of(JOINED, userId="bob"))["username"] == "bob"
    assert bob.told["onlineNumber"] == 2
    assert (await alice.say("hello"))["ok"]
    assert (await bob.read_until(CHAT))["textMessage"] == "hello"
    await bob.leave()
    await alice.told_of(LEFT, userId="bob")


async def test_a_reader_takes_a_seat_to_speak_and_goes_back_and_misses_nothing(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), Reader(rooms, activity, "bob")
    await bob.come()
    assert (await alice.say("1"))["ok"]
    epoch, _, _ = bob.told["cursor"].partition(".")
    heard = await bob.read_until(CHAT)
    seat = await rooms.enter(activity, "bob", since=f"{epoch}.{heard['seq']}")
    assert (await seat.say("2"))["ok"]
    await bob.leave()
    assert (await alice.say("3"))["ok"]
    await seat.told_of(CHAT, textMessage="3")
    await bob.come(since=f"{epoch}.{heard['seq']}")
    await seat.leave()
    assert bob.told["gap"] is False
    assert (await alice.say("4"))["ok"]
    # What seats have just been told the gallery tells a moment later.
    texts = [one["textMessage"] for one in bob.told["history"]]
    while texts[-1:] != ["4"]:
        texts += await bob.read_chats()
    assert texts == ["2", "3", "4"]
    # On the way over and back the user was there all the time.
    await alice.hears("4")
    assert (len(alice.all_of(JOINED, userId="bob")), alice.all_of(LEFT, userId="bob")) == (1, [])


async def test_what_is_for_a_reader_alone_comes_with_a_call_and_a_ban_ends_the_place(
    rooms: Rooms, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), Reader(rooms, activity, "bob")
    await bob.come()
    assert (await alice.say("psst", to="bob"))["ok"]
    await bob.read_until_called()
    await bob.renew(place=bob.told["place"], mail=bob.told["mail"])
    assert [one["textMessage"] for one in bob.told["objects"]] == ["psst"]
    banned = await rooms.http.put(f"/api/activities/{activity}/bans", json={"userId": "bob"})
    assert banned.status_code == 204
    await alice.told_of(LEFT, userId="bob")
    await bob.read_until_called()
    answer = await bob.call(place=bob.told["place"], mail=bob.told["mail"])
    assert (answer.status_code, answer.json()["error"]) == (403, "banned")


async def figures(rooms: Rooms) -> dict[str, float]:
    """The emulator's own figures, with those of the cache."""
    metrics = (await rooms.http.get("/_local/metrics")).json()["metrics"]
    return {one["name"]: one["sum"] for one in metrics if one["namespace"] == "Emulator"}


async def test_a_hundred_readers_ask_the_origin_like_one_and_miss_nothing(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    readers = [Reader(rooms, activity, f"reader-{number}") for number in range(READERS)]
    await asyncio.gather(*(reader.come() for reader in readers))
    before, first = await figures(rooms), min(reader.next for reader in readers)

    async def hear(reader: Reader) -> list[str]:
        texts: list[str] = []
        while len(texts) < CHATS:
            said = [found for found in (await reader.read())["objects"] if found["messageType"] == CHAT]
            texts += [found["textMessage"] for found in said]
        return texts

    hearing = [asyncio.create_task(hear(reader)) for reader in readers]
    for number in range(CHATS):
        assert (await alice.say(str(number)))["ok"]
        await alice.hears(str(number))
    heard = await asyncio.gather(*hearing)
    assert [texts for texts in heard if texts != [str(number) for number in range(CHATS)]] == []
    after, last = await figures(rooms), max(reader.next for reader in readers)
    asked = {name: after.get(name, 0) - before.get(name, 0) for name in ("CacheHits", "CacheMisses", "OriginRequests")}
    assert asked["OriginRequests"] <= 2 * (last - first)
    assert asked["CacheHits"] + asked["CacheMisses"] >= READERS
