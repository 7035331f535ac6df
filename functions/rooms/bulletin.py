"""What one viewer is sent of a tick: encoded objects, as many as a tick may have, in frames of at most 32 KB.

A tick usually is one frame. `fit` cuts joins, leaves and chats until the tick has room in one, and for classic viewers
in a number of objects. The platform's objects are not cut for that. If they are many or large, they go into further
frames, and chats may still fill half a frame. Only beyond MOST_TIMES as much are the oldest notices cut as well, since
each viewer's frames keep other rooms waiting.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from functions.rooms import objects
from functions.rooms.identity import Framing
from functions.rooms.payload import FRAME_BYTES, Payload

# So many times one frame, or of what a classic viewer may get in objects, a tick has for the platform's sake.
MOST_TIMES = 16


@dataclass(frozen=True)
class Part:
    """One encoded object of a tick, for all viewers or for the users in `readers`.

    `kind` is its name in a type 13 object, if it may be left out. `owner` is a chat's sender. `is_too_large`: no frame
    has room for the object, and this one stands in its place.
    """

    encoded: bytes
    kind: str | None = None
    owner: str | None = None
    readers: frozenset[str] | None = None
    is_too_large: bool = False


@dataclass(frozen=True)
class Bulletin:
    """What one viewer is sent. `left_out` counts the parts that were too much, by kind."""

    parts: tuple[Part, ...]
    left_out: Mapping[str, int] = field(default_factory=dict, compare=False)

    def frames(self, framing: Framing) -> Sequence[Payload]:
        """The frames to post, none without parts. They are made once, however many viewers share this bulletin."""
        return self._arrays if framing == "live.v1" else self._singles

    def frames_with_welcome(
        self, framing: Framing, welcome: bytes, likes: bytes, missed: Sequence[bytes] = ()
    ) -> Sequence[Payload]:
        """The frames for a newcomer: the encoded `welcome`, the history in `missed` that the welcome had no room for,
        and then the parts. Classic clients get `likes` behind the welcome."""
        if framing == "classic":
            return (*map(Payload.of, (welcome, likes, *missed)), *self._singles)
        parts = [part.encoded for part in self.parts]
        if not missed and size([welcome, *parts]) <= FRAME_BYTES:
            return (Payload.of(objects.array([welcome, *parts])),)
        return (Payload.of(objects.array([welcome])), *_framed(missed), *self._arrays)

    @cached_property
    def _arrays(self) -> tuple[Payload, ...]:
        return tuple(_framed([part.encoded for part in self.parts]))

    @cached_property
    def _singles(self) -> tuple[Payload, ...]:
        return tuple(Payload.of(part.encoded) for part in self.parts)


def fit(parts: Sequence[Part], *, owner: str | None, most: int, missed: Mapping[str, int]) -> Bulletin:
    """Leave out parts until the rest is what a tick may have; `most` is a number of objects.

    Joins and leaves go first, then chats, oldest first, but never a chat of `owner`. Notices go last. One more object,
    in front of all others, says how many were left out, together with those `missed` before.
    """
    total = _size(parts)
    if not missed and total <= FRAME_BYTES and len(parts) <= most:
        return Bulletin(tuple(parts))
    crowd = [part for part in parts if part.kind in ("join", "leave")]
    chats = [part for part in parts if part.kind == "chat" and part.owner != owner]
    lasting = _without(parts, [*crowd, *chats])
    length = _size(lasting)
    notices = [part for part in lasting if part.kind == "notice"]
    cut = _cut(notices, length - MOST_TIMES * FRAME_BYTES, len(lasting) - MOST_TIMES * most, is_told=bool(missed))
    gone = sum(len(part.encoded) + 1 for part in cut)
    room = max(FRAME_BYTES, length - gone + FRAME_BYTES // 2)
    places = max(most, len(lasting) - len(cut) + most // 2)
    is_told = bool(cut or missed)
    cut += _cut([*crowd, *chats], total - gone - room, len(parts) - len(cut) - places, is_told=is_told)
    dropped = Counter(part.kind or "" for part in cut)
    kept = _without(parts, cut)
    if dropped or missed:
        # It comes first, so that a classic viewer whose connection ends in the middle of the tick has been told.
        kept.insert(0, Part(objects.encode(objects.left_out(dropped + Counter(missed)))))
    return Bulletin(tuple(kept), dropped)


# An upper bound of the length of a type 13 object in front of a tick.
_LEFT_OUT_BYTES = 100


def _cut(expendable: Sequence[Part], bytes_over: int, objects_over: int, *, is_told: bool) -> list[Part]:
    """The first of the `expendable` parts, as many as are over in bytes or objects.

    `is_told`: an object in front says what was left out, whether this leaves out more or not.
    """
    if is_told or bytes_over > 0 or objects_over > 0:
        bytes_over, objects_over = bytes_over + _LEFT_OUT_BYTES, objects_over + 1
    cut: list[Part] = []
    for part in expendable:
        if bytes_over <= 0 and objects_over <= 0:
            break
        cut.append(part)
        bytes_over -= len(part.encoded) + 1
        objects_over -= 1
    return cut


def _without(parts: Sequence[Part], cut: Sequence[Part]) -> list[Part]:
    gone = set(map(id, cut))
    return [part for part in parts if id(part) not in gone]


def _size(parts: Sequence[Part]) -> int:
    return size([part.encoded for part in parts])


def _framed(encoded: Sequence[bytes]) -> Iterator[Payload]:
    """Encoded objects as arrays, as many in each as fit into a frame."""
    frame: list[bytes] = []
    length = 1
    for one in encoded:
        length += len(one) + 1
        if length > FRAME_BYTES and frame:
            yield Payload.of(objects.array(frame))
            frame, length = [], len(one) + 2
        frame.append(one)
    if frame:
        yield Payload.of(objects.array(frame))


def size(encoded: Sequence[bytes]) -> int:
    """The length of a frame with these objects, in bytes."""
    return sum(map(len, encoded)) + len(encoded) + 1
