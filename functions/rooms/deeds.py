"""A deed: what one record adds to the sums of its room.

The sums of minutes are in functions/rooms/minute_sums.py, those of watch time in functions/rooms/watch_time.py.
"""

from typing import NamedTuple

from functions.rooms.events import CHAT, HEARTBEAT, JOIN, LEAVE, LIKE, Event
from functions.rooms.identity import Malformed, parse_user_id
from functions.rooms.records import MOST, whole
from functions.rooms.watch_time import MOST_AHEAD_MS, Credit, credit_of

# What viewers do. The platform's acts are in no sum.
OF_VIEWERS = frozenset({JOIN, LEAVE, CHAT, LIKE, HEARTBEAT})


class Deed(NamedTuple):
    """What one record tells of a viewer, and of the room at that time.

    `time` is in ms since the epoch, and at most a day away from `logged_at`. `user_id` is that of a user whose own sums
    the record is for: who came, watched, or wrote to all. It is empty on other records.
    `online` and `likes` are the room's figures. `says`: it is a chat to all; a private one is nobody else's business.
    `offset` is the record's offset in the save topic, and `logged_at` its time there.
    """

    activity_id: int
    offset: int
    logged_at: int
    time: int
    type: int
    user_id: str
    username: str
    online: int | None
    likes: int | None
    says: bool
    credit: Credit | None


def deed_of(event: Event, offset: int) -> Deed | None:
    """The deed in an event of the save topic, whose record is at `offset`; None if the event is no viewer's.

    Raises BrokenRecord if its watch time is invalid, or if a like lacks the room's total.
    """
    credit = credit_of(event, offset)
    if event.type not in OF_VIEWERS and credit is None:
        return None
    if event.type == LIKE:
        whole("zanNumber", event.likes)
    says = event.type == CHAT and event.to is None
    # A wrong clock must not move what happened to another day.
    is_near = abs(event.time - event.logged_at) <= MOST_AHEAD_MS
    return Deed(
        activity_id=event.activity_id,
        offset=offset,
        logged_at=event.logged_at,
        time=event.time if is_near else event.logged_at,
        type=event.type,
        user_id=credit.user_id if credit else _user_id(event) if says or event.type == JOIN else "",
        username=event.who.username,
        online=_figure(event.online),
        likes=_figure(event.likes),
        says=says,
        credit=credit,
    )


def _figure(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= MOST else None


def _user_id(event: Event) -> str:
    try:
        return parse_user_id(event.who.user_id)
    except Malformed:
        return ""
