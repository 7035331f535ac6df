"""Who joined and who left, as a tick tells it: what viewers are told last of a user agrees with the state.

In: the records of a batch, in the order of the log, and each user's standing when the tick is made. Out: those who are
named or counted as joined, and as left. The log may have the records of a quick reload in the wrong order, or the join
of a user who was refused after all. So the state decides, and not the record:

- The join of a user who is not present is not told, nor is the leave of a user who is.
- The state does not say what viewers were told before. So each slice remembers for some minutes of whom it has last
  told that they left, and whose join it has not told (`Standing.told`).
- A user who left and came back within one tick, as by a reload, did neither, unless viewers may believe that this user
  is not there.
- A user who came and went within one tick did both.
- A user who left is not told again as left.
- A further seat of a user who is present is not told, unless viewers may believe that this user is not there. So it is
  after Redis has lost a leave (rooms/told.py).

Why this is enough: each change of a user's presence is followed by its record. The tick that has the record of the last
change sees the state that stays. It tells that state, unless viewers were told the same before. Every later tick sees
that state too, and tells nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.room_view import Standing, Told

NOBODY_THERE = Standing()


@dataclass(frozen=True)
class Crowd:
    """A record for each user who joined, and for each who left.

    `told`: what viewers were last told of these, and of those whose join is not told.
    """

    joined: Sequence[Event] = ()
    left: Sequence[Event] = ()
    told: Mapping[str, Told] = field(default_factory=dict)


def crowd_of(records: Iterable[Event], users: Mapping[str, Standing]) -> Crowd:
    by_user: dict[str, list[Event]] = {}
    for each in records:
        user_id = each.who.user_id
        is_return = each.type == events.SEATED and users.get(user_id, NOBODY_THERE).told is not None
        record = _as_join(each) if is_return else each
        if record.type in (events.JOIN, events.LEAVE):
            by_user.setdefault(user_id, []).append(record)
    joined: list[Event] = []
    left: list[Event] = []
    told: dict[str, Told] = {}
    for user_id, own in by_user.items():
        user = users.get(user_id, NOBODY_THERE)
        came, went = _told(own, user)
        joined += came
        left += went
        if came or went:
            told[user_id] = "left" if went else "joined"
        elif not user.is_present:
            told[user_id] = user.told or "unsure"
    return Crowd(joined, left, told)


def _as_join(record: Event) -> events.Join:
    return events.Join(**{each.name: getattr(record, each.name) for each in fields(Event)})


def _told(own: Sequence[Event], user: Standing) -> tuple[list[Event], list[Event]]:
    """The record by which one user is told as joined, if any, and the one as left."""
    joins = [record for record in own if record.type == events.JOIN]
    leaves = [record for record in own if record.type == events.LEAVE]
    begins_with_join = own[0].type == events.JOIN
    if user.is_present:
        is_reload = not begins_with_join and own[-1].type == events.JOIN and len(joins) <= len(leaves)
        return ([] if is_reload and user.told is None else joins[:1]), []
    if begins_with_join and leaves:
        return joins[:1], leaves[-1:]
    return [], ([] if user.told == "left" else leaves[-1:])
