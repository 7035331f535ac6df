"""What the log holds twice, under two seqs: the first is kept.

A client that gets no answer sends its frame again under the same `id`. If the first frame was written all the same, the
log has both, each with a seq of its own. Within five minutes, as long as a room keeps the result of an `id`, both are
the same.
"""

from dataclasses import dataclass

from functions.rooms.events import Event
from functions.rooms.results import RESULT_MS
from functions.rooms.settling import REMEMBERED, has_id


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that was sent under an `id`, with its seq and its time (ms since the epoch)."""

    activity_id: int
    user_id: str
    client_id: str
    seq: int
    time: int


def sent_as(event: Event) -> Sent | None:
    """None for an event that nobody can have sent twice under one `id`."""
    if not has_id(event) or event.client_id is None or event.seq is None:
        return None
    return Sent(event.activity_id, event.who.user_id, event.client_id, event.seq, event.time)


class FirstSent:
    """The first event of each `id` of each user and room. Of more than `most` the oldest are forgotten."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._first: dict[tuple[int, str, str], Sent] = {}

    def is_repeat(self, sent: Sent) -> bool:
        """Whether there is a first event with another seq. If there is no first event, this is the first."""
        key = (sent.activity_id, sent.user_id, sent.client_id)
        first = self._first.get(key)
        if first is not None and abs(sent.time - first.time) <= RESULT_MS:
            return sent.seq != first.seq
        self._first.pop(key, None)
        self._first[key] = sent
        if len(self._first) > self._most:
            del self._first[next(iter(self._first))]
        return False
