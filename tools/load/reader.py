"""A simulated reader in the gallery, who reads over HTTP what the viewers with seats are sent.

It asks as client/live.js does: for each slot after its end, at a moment of its own, and for its place as often as the
server says. It does not speak, so it takes no seat.
"""

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from functions.adapters.aws.http import ConnectionDropped, HttpPool
from tools.load.heard import Heard, take_in
from tools.load.histogram import Histogram
from tools.load.place import NoPlace, Site, checked
from tools.load.presence import OTHERS, Presence
from tools.load.room import Room
from tools.load.slot import Slot
from tools.objects import Object, Unreadable, cursor_of

SLOT_SECONDS, SPREAD_SECONDS = 1.0, 0.3
# Who asks for an older slot misses it alone. All readers of a room together renew at this rate if all must.
BEHIND_SLOTS, RENEWALS_A_SECOND = 30, 500
ANSWER_SECONDS = 15.0  # an answer waits for up to five slots
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0


@dataclass
class ReadingTally:
    """What all readers asked for, and how that was answered. `bytes` are those of the bodies. `failures`: answers to
    requests for slots that were none, and `refusals` those to requests for places, by status."""

    requests: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    gaps: int = 0
    slots_missed: int = 0
    late: Histogram = field(default_factory=Histogram)  # of chats that came with a renewal


class Reader:
    """A user of its own, `name`. `next` is the slot that it asks for, by the clock of the slots."""

    def __init__(self, name: str, room: Room, site: Site, tally: ReadingTally, token: str | None) -> None:
        self.room = room
        self.presence = Presence(OTHERS)
        self.next = 0
        self.is_here = False
        self._pool = HttpPool(site.api, tls=site.tls, seconds=ANSWER_SECONDS)
        self._path = f"{urlsplit(site.api).path}/activities/{room.activity_id}/place"
        self._person = {} if token else {"username": name}
        self._token = token
        self._tally = tally
        self._told: Object = {}
        self._held: Object = {}
        self._epoch, self._seq = "", 0
        self._ahead = 0.0  # the clock of the slots less this one's, in seconds
        self._due = asyncio.Event()
        self._ordering = asyncio.Lock()

    @property
    def slot_now(self) -> int:
        """The slot that is not over yet."""
        return int((time.monotonic() + self._ahead) / SLOT_SECONDS)

    async def take(self) -> None:
        """Take a place. Raises NoPlace."""
        told = await self._order(self._person)
        self._take_over(told)
        self._epoch, self._seq = cursor_of(told)
        self.next = told["next"]
        # A reader is owed nothing that was said before it came.
        self.presence.since = self._seq
        self.presence.online = told["onlineNumber"]
        self.is_here = True

    async def stay(self) -> None:
        """Read slot by slot, and renew the place, until it is lost."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._keep_place())
        except* NoPlace:
            pass
        finally:
            self.is_here = False

    async def leave(self) -> None:
        """Give the place up."""
        if self._held:
            query = urlencode({"place": self._held["place"], "userId": self._told["userId"]})
            await self._call("leave", "POST", f"{self._path}/leave?{query}")
        await self._pool.close()

    async def _read(self) -> None:
        failures = 0
        while True:
            over = (self.next + 1) * SLOT_SECONDS - self._ahead - time.monotonic()
            await asyncio.sleep(max(0.0, over + random.uniform(0, SPREAD_SECONDS)))
            ticks = self._told["ticks"]
            status, body = await self._call("slot", "GET", f"{ticks}{self.next}")
            slot = self._slot(status, body)
            if slot is not None and not slot.is_gap:
                failures = 0
                self._said(slot)
                continue
            failures += 1
            if slot is None:
                self._tally.failures[str(status or "no answer")] += 1
            else:
                self._tally.gaps += 1
            await pause(failures, self._turn(slot))
            if status in (200, 403, 404):
                # With another key the same slot may be there. Where slots are missing only the cursor helps.
                is_whole = status != 403 or failures > 1
                told = await self._renew(is_whole=is_whole)
                if is_whole:
                    self._catch_up(told)

    def _turn(self, slot: Slot | None) -> float:
        """The seconds within which the place is renewed. If the server has lost the room, all readers are to renew."""
        if slot is None or self.slot_now - self.next > BEHIND_SLOTS:
            return 0.0
        within: float = min(self._told["beatSeconds"], self._told["onlineNumber"] / RENEWALS_A_SECOND)
        return within

    def _slot(self, status: int, body: bytes) -> Slot | None:
        if status != 200:
            return None
        try:
            slot = self.room.hear(body)
        except Unreadable:
            return None
        return slot if isinstance(slot, Slot) and (slot.next > self.next or slot.is_gap) else None

    def _said(self, slot: Slot) -> None:
        """Everything of some slots."""
        self.room.receive(slot, self.presence)
        self.next = slot.next
        self._seq = max(self._seq, slot.last)
        if self._told["hash"] in slot.called:
            self._due.set()

    async def _keep_place(self) -> None:
        # The first renewal is at a moment of this reader's own: who came together does not renew together.
        wait = float(self._told["beatSeconds"]) * random.random()
        while True:
            try:
                async with asyncio.timeout(wait):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            await self._renew(is_whole=False)
            wait = float(self._told["beatSeconds"])

    async def _renew(self, *, is_whole: bool) -> Object:
        """Renew the place, again and again if nobody can say whether it holds; the answer, which says what came since
        the cursor if it is a whole one. Raises NoPlace."""
        failures = 0
        async with self._ordering:
            while True:
                # A place that was given up is taken anew, and then the state of the room is told anew.
                is_whole = is_whole or not self._held
                since = {"since": f"{self._epoch}.{self._seq}"} if is_whole else {}
                try:
                    told = await self._order({**self._person, **self._held, **since})
                except NoPlace as refused:
                    if refused.status == 404 and self._held:
                        self._held = {}
                        continue
                    if not refused.may_pass:
                        raise
                    failures += 1
                    await pause(failures)
                    continue
                self._take_over(told)
                if is_whole or not told.get("gap"):
                    return told
                is_whole = True

    def _take_over(self, told: Object) -> None:
        self._told, self._held = told, {"place": told["place"], "mail": told["mail"]}
        self._ahead = told["now"] / 1000 - time.monotonic()

    def _catch_up(self, told: Object) -> None:
        """Slots are missing. Chats that were said in them have come with the place."""
        history = [each for each in told.get("history", ()) if int(each.get("seq", 0)) > self._seq]
        self._tally.slots_missed += max(0, told["next"] - self.next)
        self._epoch, seq = cursor_of(told)
        self._seq, self.next = max(seq, self._seq), told["next"]
        heard = Heard(b"")
        take_in(heard, history, self.room.catalogue, self.room.tag)
        self.presence.hear(heard)
        for sent in heard.sent:
            taken = self.room.clock() - sent
            self._tally.late.add(taken)
            self._tally.late.reach(taken)

    async def _order(self, order: Object) -> Object:
        """Ask for a place; the answer. Raises NoPlace."""
        status, body = await self._call("place", "POST", self._path, json.dumps(order).encode())
        try:
            told = json.loads(body)
            if status == 200 and told["lane"] == "gallery":
                return checked(told)
            reason = "seat" if status == 200 else f"{status} {told.get('error', '')}".strip()
        except (ValueError, LookupError, TypeError, AttributeError):
            reason = str(status or "no answer")
        self._tally.refusals[reason] += 1
        raise NoPlace(status, reason)

    async def _call(self, what: str, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of the answer; a status of 0 if there is none."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._pool.authority}", "User-Agent: live-rooms-load"]
        if method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
            lines += [f"Authorization: Bearer {self._token}"] if self._token else []
        self._tally.requests[what] += 1
        try:
            answer = await self._pool.send("\r\n".join([*lines, "", ""]).encode() + body)
        except (OSError, ConnectionDropped):  # TimeoutError is an OSError
            return 0, b""
        self._tally.bytes += len(answer.body)
        return answer.status, answer.body


async def pause(failures: int, within: float = 0.0) -> None:
    """Wait after so many failures in a row, and then until a moment of the next `within` seconds. Readers who lose the
    server together do not ask together."""
    wait = random.uniform(1, 2) * min(PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS)
    await asyncio.sleep(wait + random.uniform(0, within))
