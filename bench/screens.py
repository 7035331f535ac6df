"""The viewers' screens: they count the POSTs, and the chats that do not arrive."""

import json
from dataclasses import dataclass

from functions.adapters.aws.connections import Outcome
from functions.rooms.payload import Payload


@dataclass(frozen=True)
class Shown:
    """One frame: the numbers of its chats, and how many chats it says were left out."""

    chats: tuple[int, ...]
    left_out: int


class Screens:
    """A poster that delivers everything. The text of a chat is `chat N`; N rises by one with each chat of a room."""

    def __init__(self) -> None:
        self.posts = 0
        self.bytes = 0
        self.left_out = 0
        self.missed = 0
        self.repeated = 0
        self._next: dict[str, int] = {}
        self._shown: dict[str, int] = {}
        self._parsed: dict[bytes, Shown] = {}

    async def prepare(self) -> None:
        """Screens need no credentials."""

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """Count the frame, and the chats that are missing before it or come twice."""
        self.posts += 1
        self.bytes += len(payload.data)
        shown = self._parse(payload.data)
        self.left_out += shown.left_out
        for number in shown.chats:
            due = self._next.get(connection_id, number)
            self.missed += max(0, number - due)
            # A newcomer's first tick also has chats from just before it came. These are no repetitions.
            self.repeated += number <= self._shown.get(connection_id, -1)
            self._next[connection_id] = max(due, number + 1)
            self._shown[connection_id] = number
        return Outcome.DELIVERED

    async def delete(self, connection_id: str) -> Outcome:
        """The viewer's connection is closed."""
        self.left(connection_id)
        return Outcome.DELIVERED

    def came(self, connection_id: str, number: int) -> None:
        """A viewer comes, who must see the chats from `number` on."""
        self._next[connection_id] = number

    def left(self, connection_id: str) -> None:
        """A viewer leaves, and misses nothing from now on."""
        self._next.pop(connection_id, None)

    def end(self, number: int) -> None:
        """The room ends before chat `number`. Chats that a viewer has not seen by now are missed."""
        self.missed += sum(max(0, number - due) for due in self._next.values())

    def _parse(self, data: bytes) -> Shown:
        # A frame goes to a thousand viewers. It is parsed once.
        shown = self._parsed.get(data)
        if shown is None:
            said = json.loads(data)
            objects = said if isinstance(said, list) else [said]
            chats = tuple(int(one["textMessage"].split()[1]) for one in objects if one["messageType"] == 4)
            left_out = sum(one["dropped"].get("chat", 0) for one in objects if one["messageType"] == 13)
            shown = self._parsed[data] = Shown(chats, left_out)
        return shown
