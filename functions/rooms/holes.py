"""What a viewer missed of whom a frame was not delivered, and how the viewer is told.

The relay cannot send the frame again: a later one may have overtaken it. So the seat becomes a newcomer once more, with
a cursor behind what the viewer has got. The next tick's welcome brings the chats and notices that were missed, and has
the room's count, likes, settings and properties. The history does not have the rest: private chats, notices to some,
removals, sanctions, and what type 13 told. If a lost frame held such an object, the cursor ends in MORE, and the
welcome says that there is a gap.

A frame that the gateway refuses as too large is another matter: it would be refused again. Another frame takes its
place at once, and says what is missing.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from functions.rooms import events, objects
from functions.rooms.history import MORE
from functions.rooms.objects import Object
from functions.rooms.payload import Payload

# All that a welcome and its history bring. A chat or notice must be for everybody.
_BROUGHT = {
    *(events.JOIN, events.LEAVE, events.CHAT, events.NOTICE, events.SETTINGS, events.PROPERTIES),
    *(objects.COUNT, objects.LIKES, objects.WELCOME),
}
_NUMBERED = (events.CHAT, events.NOTICE)


@dataclass(frozen=True)
class _Contents:
    """What a frame holds: a welcome's cursor, the last seq of a chat or notice, and objects that no welcome brings."""

    cursor: str | None
    seq: int | None
    has_more: bool


def resume_from(cursor: str, delivered: Sequence[Payload], lost: Sequence[Payload]) -> str:
    """The cursor of a seat that got the first frames of a tick, `delivered`, and not the `lost` ones behind them.
    `cursor` is where the viewer stood before."""
    for frame in map(_contents, delivered):
        cursor = frame.cursor or cursor
        if frame.seq is not None:
            epoch, _, seq = cursor.removesuffix(MORE).partition(".")
            more = MORE if cursor.endswith(MORE) else ""
            cursor = f"{epoch}.{max(int(seq), frame.seq)}{more}" if seq else cursor
    if cursor.endswith(MORE) or not any(_contents(frame).has_more for frame in lost):
        return cursor
    return f"{cursor}{MORE}"


def instead_of(frame: Payload) -> Payload:
    """A small frame for one that was too large: a welcome without its history and with a gap, the newest count and
    likes, the properties that have changed, and how many of all other objects there were."""
    value = json.loads(frame.data)
    dropped: Counter[str] = Counter()
    kept = []
    for said in _objects(value):
        match said["messageType"]:
            case objects.WELCOME:
                kept.append(said | {"history": [], "gap": True})
            case objects.COUNT | objects.LIKES | events.PROPERTIES:
                kept.append(said)
            case objects.LEFT_OUT:
                dropped.update(said["dropped"])
            case type_:
                dropped[objects.LEFT_OUT_NAMES[type_]] += 1
    if dropped:
        kept.append(objects.left_out(dropped))
    encoded = [objects.encode(said) for said in kept]
    return Payload.of(objects.array(encoded) if isinstance(value, list) else encoded[0])


# The viewers of a room share their frames.
@lru_cache(maxsize=32)
def _contents(frame: Payload) -> _Contents:
    found = _objects(json.loads(frame.data))
    welcomes = [said for said in found if said["messageType"] == objects.WELCOME]
    numbered = [said["seq"] for said in found if said["messageType"] in _NUMBERED]
    return _Contents(
        cursor=welcomes[0]["cursor"] if welcomes else None,
        seq=max(numbered, default=None),
        has_more=any(said["messageType"] not in _BROUGHT or "to" in said for said in found),
    )


def _objects(value: list[Object] | Object) -> list[Object]:
    return value if isinstance(value, list) else [value]
