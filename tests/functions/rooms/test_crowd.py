"""Who is told as joined and left, for records in any order."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.rooms import events
from functions.rooms.crowd import crowd_of
from functions.rooms.events import Event
from functions.rooms.room_view import Standing, Told
from tests.functions import made

PRESENT, ABSENT = Standing(is_present=True), Standing()


def told(records: str, standing: Standing) -> str:
    """How a tick tells of alice, whose records are joins (J), leaves (L) and further seats (S)."""
    kinds = {"J": events.JOIN, "L": events.LEAVE, "S": events.SEATED}
    crowd = crowd_of([made.event(kinds[letter], user_id="alice") for letter in records], {"alice": standing})
    return "J" * len(crowd.joined) + "L" * len(crowd.left)


def test_the_state_decides_and_not_the_record() -> None:
    assert (told("J", PRESENT), told("L", ABSENT)) == ("J", "L")
    assert (told("J", ABSENT), told("L", PRESENT)) == ("", "")


def test_a_quick_reload_is_not_told_in_whatever_order_it_was_logged() -> None:
    assert told("LJ", PRESENT) == ""
    # The join is told again, and never a leave behind it.
    assert told("JL", PRESENT) == told("JJLL", PRESENT) == "J"


def test_who_came_and_went_did_both() -> None:
    assert told("JL", ABSENT) == told("JLJL", ABSENT) == "JL"


def test_a_reload_of_whom_viewers_believe_gone_is_a_join() -> None:
    assert told("LJ", Standing(is_present=True, told="left")) == "J"
    assert told("LJ", Standing(is_present=True, told="unsure")) == "J"


def test_a_further_seat_is_a_join_if_viewers_may_believe_that_the_user_is_gone() -> None:
    assert (told("S", PRESENT), told("LS", PRESENT), told("S", ABSENT)) == ("", "", "")
    for what in ("left", "unsure"):
        believed_gone = Standing(is_present=True, told=what)
        assert (told("S", believed_gone), told("LS", believed_gone), told("SS", believed_gone)) == ("J", "J", "J")
        assert told("S", Standing(told=what)) == ""
    assert told("SL", Standing(told="unsure")) == "JL"


def test_nobody_is_told_twice_as_left() -> None:
    assert (told("L", Standing(told="left")), told("L", Standing(told="unsure"))) == ("", "L")


def test_somebody_of_whom_nothing_is_known_is_not_there() -> None:
    crowd = crowd_of([made.event(events.JOIN, user_id="a"), made.event(events.LEAVE, user_id="b")], {})
    assert ([one.who.user_id for one in crowd.joined], [one.who.user_id for one in crowd.left]) == ([], ["b"])


@dataclass
class Slice:
    """What a slice has told of each user, as the viewers keep it, and what it remembers of that."""

    read: int = 0
    believed: dict[str, bool] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)

    def tick(self, log: list[Event], upto: int, present: set[str]) -> None:
        batch, self.read = log[self.read : upto], upto
        users = {user: Standing(user in present, self.told.get(user)) for user in USERS}
        crowd = crowd_of(batch, users)
        for record in crowd.joined:
            self.believed[record.who.user_id] = True
        for record in crowd.left:
            self.believed[record.who.user_id] = False
        self.told = {user: what for user, what in {**self.told, **crowd.told}.items() if what != "joined"}
        assert all(not self.believed[user] for user, what in self.told.items() if what == "left")


USERS = ("alice", "bob", "carol")
# A user comes or goes; a record that is due is written; a slice reads up to some record.
_CHANGES = st.tuples(st.just("change"), st.sampled_from(USERS))
_WRITES = st.tuples(st.just("write"), st.integers(0, 5))
_TICKS = st.tuples(st.just("tick"), st.tuples(st.integers(0, 1), st.integers(1, 4)))


@pytest.mark.parametrize("at_first", [frozenset(), frozenset(USERS)])
@settings(max_examples=400)
@given(steps=st.lists(st.one_of(_CHANGES, _WRITES, _TICKS), max_size=40))
def test_whatever_is_written_late_what_viewers_are_told_last_agrees_with_the_state(
    at_first: frozenset[str], steps: list[tuple[str, object]]
) -> None:
    present, due, log, slices = set(at_first), list[Event](), list[Event](), [Slice(), Slice()]
    for one in slices:
        one.believed = dict.fromkeys(at_first, True)
    for step in [*steps, *[("write", 0)] * 40, *[("tick", (number, 100)) for number in (0, 1)]]:
        match step:
            case ("change", str(user)):
                due.append(made.event(events.LEAVE if user in present else events.JOIN, user_id=user))
                present ^= {user}
            case ("write", int(number)) if due:
                log.append(due.pop(number % len(due)))
            case ("tick", (int(number), int(records))):
                one = slices[number]
                one.tick(log, min(len(log), one.read + records), present)
    for one in slices:
        assert {user: one.believed.get(user, False) for user in USERS} == {user: user in present for user in USERS}
