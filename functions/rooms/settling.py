"""Which record is shown of those that came into the log under one id.

A chat whose publishing got no answer may be written late, after the client has sent it again. Then the log has the chat
twice, under two seqs. The first record of (userId, id) that any relay sees is the chat, and Redis keeps its seq (see
rooms/results.py). A record of the id with another seq is a duplicate: no tick and no history has it.
"""

import json
from collections import OrderedDict

from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.results import RESULT_MS, Result, digest_of
from functions.rooms.text import flaw_of_id

# Likes and heartbeats have ids too; but nobody is shown a single one.
KINDS = (events.Chat, events.Notice, events.Removed, events.Sanction, events.Settings, events.Properties)

# About 20 MB.
REMEMBERED = 50_000


def has_id(event: Event) -> bool:
    """Whether only one record of this id is shown. Another system's record may have an id that no client could send."""
    if not isinstance(event, KINDS) or event.client_id is None:
        return False
    return flaw_of_id(event.client_id) is None and is_user_id(event.who.user_id)


def is_user_id(text: str) -> bool:
    """Whether a user of a room can have this id."""
    return flaw_of_id(text) is None


def result_of(event: Event, seq: int | None) -> Result:
    """What is kept under an event's id if it is not settled yet: this `seq`."""
    if isinstance(event, events.Chat):
        digest = digest_of(event.content, str(event.to or ""), event.extra)
    else:
        # No userId has a line break.
        digest = digest_of(json.dumps(event.payload(), sort_keys=True), "\n".join(event.targets))
    return Result(seq=seq, accepted_at=event.time, digest=digest)


class Settled:
    """The seqs of the ids that this process has settled lately, `most` at most: Redis may lose its own."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._seqs: OrderedDict[tuple[int, str, str | None], tuple[int, int]] = OrderedDict()

    def seq_of(self, event: Event) -> int | None:
        """The seq under which a chat was shown, the event's own if it is new."""
        seq, logged_at = self._seqs.get(_name(event), (event.seq, event.logged_at))
        return seq if event.logged_at - logged_at <= RESULT_MS else event.seq

    def note(self, event: Event, seq: int) -> None:
        """The chat of this event's id is shown under `seq`."""
        if self._seqs.get(_name(event), (None, 0))[0] != seq:
            self._seqs[_name(event)] = seq, event.logged_at
            if len(self._seqs) > self._most:
                self._seqs.popitem(last=False)


def _name(event: Event) -> tuple[int, str, str | None]:
    return event.activity_id, event.who.user_id, event.client_id
