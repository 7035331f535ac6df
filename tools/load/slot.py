"""An answer of the gallery to who reads a slot. It is read once, however many readers get it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tools.load.heard import Catalogue, Heard, take_in
from tools.objects import Unreadable


@dataclass(slots=True)
class Slot(Heard):
    """`called` are the hashes of those for whom something waits, `last` is the highest seq of the objects."""

    next: int = 0
    is_gap: bool = False
    called: Sequence[str] = ()
    last: int = 0

    @property
    def size(self) -> int:
        return len(self.payload)


def read_slot(payload: bytes, catalogue: Catalogue, tag: str) -> Slot:
    """Read the body of an answer with the status 200. `tag` begins the ids of this load's chats. Raises Unreadable."""
    try:
        told = json.loads(payload)
        slot = Slot(payload, next=int(told["next"]), is_gap=told.get("gap") is True, called=told.get("for", ()))
        objects = told.get("objects", [])
        slot.last = max((int(each["seq"]) for each in objects if "seq" in each), default=0)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreadable("an answer that is no slot") from error
    take_in(slot, objects, catalogue, tag)
    return slot
