from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.events import HEARTBEAT, Who
from functions.rooms.records import BrokenRecord
from functions.rooms.watch_time import (
    MOST_AHEAD_MS,
    MOST_STRETCH_MS,
    Counted,
    Credit,
    Stretch,
    additions,
    counted_of,
    credit_of,
    is_told,
    most_credit_ms,
)
from tests.functions.made import event
from tests.functions.rooms.refusals import not_refused

NOW = 1_700_000_000_000
TOLD = Stretch(NOW - 600_000, NOW, 60_000)
BEAT = event(HEARTBEAT, user_id="alice", username="Alice", **TOLD.fields(), time=NOW, logged_at=NOW + 1)
# Of the original, or of another producer.
SECONDS_ALONE = replace(BEAT, watch_from=None, watch_to=None)


def credit(offset: int, logged_at: int = NOW, *, user: str = "alice", start: int = 0, end: int = 1) -> Credit:
    return Credit(
        activity_id=42,
        user_id=user,
        username="Alice",
        start=start,
        end=end,
        earned=1,
        offset=offset,
        logged_at=logged_at,
    )


def test_a_stretch_bears_one_and_a_half_intervals_without_a_credit() -> None:
    assert most_credit_ms(60) == 90_000


def test_of_a_reader_who_stays_a_credit_is_told_each_five_minutes_or_each_beat() -> None:
    every_ms = 300_000
    for beat_ms in (7_000, 60_000, 200_000, 300_000, 1_000_000):
        ends = [NOW + beat_ms * number for number in range(2_000_000 // beat_ms + 1)]
        for user in ("alice", "bob", "王"):
            told = [end for end in ends if is_told(user, Stretch(NOW, end, min(beat_ms, end - NOW)), every_ms)]
            assert len(told) <= 1 + (ends[-1] - NOW) // every_ms, (user, beat_ms)
            pauses = [end - before for before, end in pairwise([NOW, *told, ends[-1]])]
            assert max(pauses) <= every_ms + beat_ms, (user, beat_ms)
    assert not is_told("alice", Stretch(NOW, NOW, 0), every_ms)


def test_a_stretch_is_read_with_the_one_that_has_ended() -> None:
    assert Stretch.read([5, 9, 2]) == Stretch(5, 9, 2)
    assert Stretch.read([5, 9, 4, [1, 3]]) == Stretch(5, 9, 4, Stretch(1, 3, 0))


def test_a_record_gives_its_user_the_stretch_that_it_tells_of() -> None:
    assert credit_of(BEAT, 7) == Credit(
        activity_id=42,
        user_id="alice",
        username="Alice",
        start=NOW - 600_000,
        end=NOW,
        earned=60_000,
        offset=7,
        logged_at=NOW + 1,
    )


def test_a_record_with_seconds_alone_tells_of_those_before_its_time() -> None:
    for earned in (1, 9, 1001, 59_999, 83_457, 90_000):
        found = credit_of(replace(SECONDS_ALONE, watch_seconds=earned / 1000), 7)
        assert found is not None, earned
        assert (found.start, found.end, found.earned) == (NOW - earned, NOW, earned)


def test_a_record_that_gives_nothing_is_no_credit() -> None:
    for seconds in (None, 0, 0.0, 0.0001):
        assert credit_of(replace(SECONDS_ALONE, watch_seconds=seconds), 7) is None, seconds
    assert credit_of(replace(BEAT, watch_from=NOW), 7) is None


def test_a_record_with_nothing_new_makes_up_for_one_that_was_lost() -> None:
    for seconds in (None, 0):
        found = credit_of(replace(BEAT, watch_seconds=seconds), 7)
        assert found is not None
        assert (found.start, found.end, found.earned) == (NOW - 600_000, NOW, 0)


def test_what_nobody_can_have_watched_is_a_broken_record() -> None:
    seconds = (-1, -0.5, 1_000_001, float("inf"), float("nan"), 10**400)
    beats = [replace(beat, watch_seconds=one) for one in seconds for beat in (BEAT, SECONDS_ALONE)]
    assert not_refused(lambda beat: credit_of(beat, 7), beats, BrokenRecord, "watchSeconds") == []


def test_a_stretch_that_no_clock_can_mean_is_a_broken_record() -> None:
    longest = replace(BEAT, watch_from=NOW - MOST_STRETCH_MS, logged_at=NOW - MOST_AHEAD_MS)
    assert credit_of(longest, 7)
    beats = [
        replace(longest, watch_from=NOW - MOST_STRETCH_MS - 1),
        replace(longest, watch_from=0),
        replace(longest, logged_at=NOW - MOST_AHEAD_MS - 1),
        replace(longest, watch_from=2**53 - 2, watch_to=2**53 - 1),
        replace(SECONDS_ALONE, time=NOW * 1000),
    ]
    assert not_refused(lambda beat: credit_of(beat, 7), beats, BrokenRecord, "") == []


def test_watch_time_of_nobody_is_a_broken_record() -> None:
    beats = [replace(BEAT, who=Who(user_id=user_id)) for user_id in ("", "x" * 65, " alice", "a\x00b", "\ud800")]
    assert not_refused(lambda beat: credit_of(beat, 7), beats, BrokenRecord, "userId") == []


def test_a_total_adds_what_lies_behind_its_end_and_each_user_has_a_total_of_their_own() -> None:
    told = [("alice", 0, 60), ("bob", 0, 60), ("alice", 0, 120), ("alice", 0, 90), ("bob", 50, 70), ("alice", 200, 250)]
    credits_ = [credit(at, user=user, start=start, end=end) for at, (user, start, end) in enumerate(told)]
    assert additions(credits_, {}) == [60, 60, 60, 0, 10, 50]
    assert additions(credits_, {"alice": 100, "bob": 500}) == [0, 0, 20, 0, 0, 50]
    assert additions([], {}) == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))), st.integers(0, 50))
def test_however_credits_are_split_they_add_the_same(told: list[tuple[int, int]], place: int) -> None:
    credits_ = [credit(at, start=min(each), end=max(each)) for at, each in enumerate(told)]
    first, rest = credits_[:place], credits_[place:]
    ends = {"alice": max(one.end for one in first)} if first else {}
    assert additions(first, {}) + additions(rest, ends) == additions(credits_, {})
    # In whatever order they come, no ms is added twice.
    assert sum(additions(credits_, {})) <= len({ms for one in credits_ for ms in range(one.start, one.end)})


def test_what_was_counted_is_not_counted_again_however_the_batch_is_cut() -> None:
    credits_ = [credit(offset) for offset in (3, 5, 9)]
    assert [Counted(offset, NOW).uncounted_from(credits_) for offset in (9, 5, 2)] == [3, 2, 0]


def test_smaller_offsets_and_newer_times_are_those_of_a_log_that_began_anew() -> None:
    credits_ = [credit(3, NOW + 1), credit(20, NOW + 2)]
    assert Counted(9, NOW).uncounted_from(credits_) == 0
    assert Counted(9, NOW).moved_behind(credits_) == Counted(20, NOW + 2)
    # As new as the newest that was counted: it may be that one.
    assert Counted(9, NOW + 1).uncounted_from(credits_) == 1


def test_the_newest_time_is_kept_when_records_were_made_in_another_order() -> None:
    late = [credit(10, NOW + 500), credit(11, NOW + 100)]
    assert counted_of(late) == Counted(11, NOW + 500)
    assert counted_of(late[:1]).moved_behind(late[1:]) == Counted(11, NOW + 500)
