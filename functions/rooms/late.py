"""Late records: a relay that was down, or is new, must not play minutes of the past to the viewers.

A batch may begin with old records, since a slice that was down reads on where it stopped. `split` cuts these off. They
are in the room's history and in its counts, and viewers are told how many chats and notices there were. Three kinds
still matter to viewers who stayed connected; `lasting` picks these out.

Example, with records of 300, 200, 5 and 90 seconds ago: the first two are late. The last one is shown with its
neighbour: the record was delayed, not the relay.
"""

from collections.abc import Sequence

from functions.rooms import events
from functions.rooms.events import Event

# A record older than this, in ms, is late.
SHOWN_MS = 60_000


def split(records: Sequence[Event], now: int) -> tuple[Sequence[Event], Sequence[Event]]:
    """The records at the front that are late at `now` (ms since the epoch), and the rest."""
    for index, record in enumerate(records):
        if now - record.logged_at <= SHOWN_MS:
            return records[:index], records[index:]
    return records, ()


def lasting(late: Sequence[Event]) -> list[Event]:
    """The late records that are shown all the same: every removal of a chat, every change of properties, which are told
    as one, and one change of the settings."""
    lasting = [record for record in late if record.type in (events.REMOVED, events.PROPERTIES)]
    changed = [record for record in late if record.type == events.SETTINGS]
    return lasting + changed[-1:]
