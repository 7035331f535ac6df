from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from functions.rooms import events
from functions.rooms.archive import MINUTE_MS
from functions.rooms.deeds import Deed
from functions.rooms.minute_sums import MOST_MINUTES, Gift, MinuteSums, gifts
from functions.rooms.watch_time import Credit

MINUTE = 28_333_333
START = MINUTE * MINUTE_MS


def deed(
    offset: int,
    user: str = "",
    *,
    at: int = 0,
    type_: int = events.HEARTBEAT,
    watched: tuple[int, int] | None = None,
    online: int | None = None,
    likes: int | None = None,
    says: bool = False,
) -> Deed:
    """What happened `at` ms after START; `watched` has a beginning and an end, counted so too."""
    credit = None
    if watched:
        start, end = watched
        stretch = {"start": START + start, "end": START + end, "earned": end - start}
        credit = Credit(activity_id=42, user_id=user, username=user, **stretch, offset=offset, logged_at=START)
    return Deed(42, offset, START, START + at, type_, user, user.title(), online, likes, says, credit)


def sums(parts: dict[int, list[Gift]]) -> dict[int, MinuteSums]:
    found = {}
    for minute, part in parts.items():
        found[minute - MINUTE] = one = MinuteSums()
        for gift in part:
            one.add(gift)
    return found


def test_each_deed_is_counted_in_the_minute_of_its_time() -> None:
    log = [
        deed(1, "alice", type_=events.JOIN, online=1, likes=4),
        deed(2, "bob", at=500, type_=events.JOIN, online=2),
        deed(3, "bob", at=60_000, type_=events.CHAT, says=True, online=2),
        deed(4, "", at=60_500, type_=events.CHAT),
        deed(5, "bob", at=61_000, type_=events.CHAT, says=True),
        deed(6, "", at=119_999, type_=events.LIKE, likes=9),
        deed(7, "", at=120_000, type_=events.LEAVE, online=1, likes=7),
    ]
    found = sums(gifts(log, {}, (), ()))
    assert found[0] == MinuteSums(joins=2, viewers=2, peak=2, likes=4, online=2, online_at=START + 500)
    assert found[1] == MinuteSums(chats=2, chatters=1, peak=2, likes=9, online=2, online_at=START + 60_000)
    assert found[2] == MinuteSums(leaves=1, peak=1, likes=7, online=1, online_at=START + 120_000)


def test_who_is_known_from_before_is_not_new() -> None:
    log = [deed(offset, user, says=True) for offset, user in enumerate(("alice", "bob", "alice", "carol"))]
    [one] = sums(gifts(log, {}, ["alice", "bob"], ["alice"])).values()
    assert (one.viewers, one.chatters, one.chats) == (1, 2, 4)


def test_the_count_is_the_one_told_last_whatever_the_order_in_the_log() -> None:
    log = [deed(1, at=900, online=5), deed(2, at=100, online=9), deed(3, at=900, online=4)]
    [one] = sums(gifts(log, {}, (), ())).values()
    assert (one.online, one.peak) == (4, 9)


def test_watch_time_is_counted_in_the_minutes_in_which_it_was_watched() -> None:
    log = [deed(1, "alice", at=90_000, watched=(30_000, 90_000)), deed(2, "bob", at=120_000, watched=(60_000, 120_000))]
    found = sums(gifts(log, {1: 60_000, 2: 60_000}, (), ()))
    assert {minute: one.watched for minute, one in found.items()} == {0: 30_000, 1: 90_000, 2: 0}
    # Of what the user's total has already, nothing.
    assert sums(gifts(log[:1], {1: 0}, (), ()))[1].watched == 0
    assert {minute: one.watched for minute, one in sums(gifts(log[:1], {1: 7}, (), ())).items()} == {1: 7}


def test_a_stretch_that_nobody_told_of_before_is_spread_over_some_hours_at_most() -> None:
    end = 400 * 24 * 3_600_000
    found = sums(gifts([deed(1, "alice", at=end, watched=(0, end))], {1: end}, (), ()))
    assert len(found) == MOST_MINUTES + 1  # the minute behind it, too, in which it was told
    assert sum(one.watched for one in found.values()) == end


@given(st.lists(st.tuples(st.integers(0, 500_000), st.integers(1, 300_000)), max_size=20))
def test_no_ms_is_lost_and_no_minute_has_more_than_its_own(told: list[tuple[int, int]]) -> None:
    offsets = count()
    log = [deed(next(offsets), "alice", at=end, watched=(end - ms, end)) for end, ms in told]
    added = {one.offset: ms for one, (_, ms) in zip(log, told, strict=True)}
    parts = gifts(log, added, (), ())
    assert sum(gift.watched for part in parts.values() for gift in part) == sum(added.values())
    assert all(0 <= gift.watched <= MINUTE_MS for part in parts.values() for gift in part)
    assert all([gift.offset for gift in part] == sorted(gift.offset for gift in part) for part in parts.values())
