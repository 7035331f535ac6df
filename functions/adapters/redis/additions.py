"""What a batch does to a room's history, as arguments of write_history.lua."""

from collections.abc import Sequence
from typing import Any

from functions.adapters.redis.arguments import new_epoch
from functions.adapters.redis.keys import RoomKeys, entry_id
from functions.rooms import events, history
from functions.rooms.events import Event
from functions.rooms.marks import mark_of
from functions.rooms.removals import KEPT, Removal
from functions.rooms.settling import has_id

# Of the removals in a batch, which the API has made in the history already; another system's may not have been.
REMOVALS_A_CALL = 500
# Each is two arguments, and looks through the history.
USERS_REMOVED_A_CALL = 20


def sent_ids(room: RoomKeys, records: Sequence[Event]) -> list[str]:
    """The keys of the ids of these records, which all have one."""
    return [room.sent_id(record.who.user_id, record.client_id or "") for record in records]


def additions(room: RoomKeys, records: Sequence[Event]) -> dict[str, Any]:
    """What these records do to the history. More than is kept is not sent."""
    last = mark_of(records)
    kept = [record for record in records if history.is_kept(record)]
    marks = [mark_of([record]) for record in kept]
    sent = kept[-KEPT:]
    named = [record for record in sent if has_id(record)]
    numbers = {record.seq: number for number, record in enumerate(named, 1)}
    removals = [Removal.of(record) for record in records]
    users = [removal.mark for removal in removals if removal.mark][-USERS_REMOVED_A_CALL:]
    return {
        "new_epoch": new_epoch(),
        "last": last.seq,
        "newest_ms": last.logged_at,
        "omitted": marks[-KEPT - 1].seq if len(kept) > KEPT else None,
        "removed_ids": [entry_id(seq) for removal in removals for seq in removal.seqs][-REMOVALS_A_CALL:],
        "removed_users": [mark.user_id for mark in users],
        "removed_before": [mark.seq for mark in users],
        "ids": [entry_id(mark.seq) for mark in marks[-KEPT:]],
        "times": [mark.logged_at for mark in marks[-KEPT:]],
        "objects": [history.encode(record) for record in sent],
        "id_numbers": [numbers.get(record.seq, 0) for record in sent],
        "senders": [record.who.user_id if record.type == events.CHAT else "" for record in sent],
        "said_at": [record.time if record.type == events.CHAT else 0 for record in sent],
        "sent_ids": sent_ids(room, named),
    }
