from dataclasses import replace

import pytest

from functions.rooms.events import HEARTBEAT, BrokenRecord, Event
from functions.rooms.watch_time import Counted, Credit, counted_of, credit_of, most_credit_ms

NOW = 1_700_000_000_000
BEAT = Event(
    activity_id=42, type=HEARTBEAT, time=NOW, user_id="alice", username="Alice", watch_seconds=60.0, logged_at=NOW + 1
)


def credit(offset: int, logged_at: int = NOW) -> Credit:
    return Credit(activity_id=42, user_id="alice", username="Alice", earned=1, offset=offset, logged_at=logged_at)


def test_a_credit_is_at_most_one_and_a_half_intervals() -> None:
    assert most_credit_ms(60) == 90_000


def test_a_record_gives_its_user_what_it_says() -> None:
    assert credit_of(BEAT, 7) == Credit(
        activity_id=42, user_id="alice", username="Alice", earned=60_000, offset=7, logged_at=NOW + 1
    )


@pytest.mark.parametrize("earned", [1, 9, 1001, 59_999, 83_457, 90_000])
def test_no_millisecond_is_lost_on_the_way_through_seconds(earned: int) -> None:
    found = credit_of(replace(BEAT, watch_seconds=earned / 1000), 7)
    assert found is not None
    assert found.earned == earned


@pytest.mark.parametrize("seconds", [None, 0, 0.0, 0.0001])
def test_a_record_that_gives_nothing_is_no_credit(seconds: float | None) -> None:
    assert credit_of(replace(BEAT, watch_seconds=seconds), 7) is None


@pytest.mark.parametrize("seconds", [-1, -0.5, 1_000_001, float("inf"), float("nan"), 10**400], ids=range(6))
def test_what_nobody_can_have_watched_is_a_broken_record(seconds: float) -> None:
    with pytest.raises(BrokenRecord, match="watchSeconds"):
        credit_of(replace(BEAT, watch_seconds=seconds), 7)


@pytest.mark.parametrize("user_id", ["", "x" * 65, " alice", "a\x00b", "\ud800"])
def test_watch_time_of_nobody_is_a_broken_record(user_id: str) -> None:
    with pytest.raises(BrokenRecord, match="userId"):
        credit_of(replace(BEAT, user_id=user_id), 7)


def test_a_name_that_cannot_be_written_is_made_one_that_can() -> None:
    found = credit_of(replace(BEAT, username="a\ud800"), 7)
    assert found is not None
    assert found.username == "a?"


def test_what_was_counted_is_not_counted_again_however_the_batch_is_cut() -> None:
    credits_ = [credit(offset) for offset in (3, 5, 9)]
    assert Counted(9, NOW).uncounted(credits_) == []
    assert Counted(5, NOW).uncounted(credits_) == credits_[2:]
    assert Counted(2, NOW).uncounted(credits_) == credits_


def test_smaller_offsets_and_newer_times_are_those_of_a_log_that_began_anew() -> None:
    credits_ = [credit(3, NOW + 1), credit(20, NOW + 2)]
    assert Counted(9, NOW).uncounted(credits_) == credits_
    assert Counted(9, NOW).moved_behind(credits_) == Counted(20, NOW + 2)
    # As new as the newest that was counted: it may be that one.
    assert Counted(9, NOW + 1).uncounted(credits_) == credits_[1:]


def test_the_newest_time_is_kept_when_records_were_made_in_another_order() -> None:
    late = [credit(10, NOW + 500), credit(11, NOW + 100)]
    assert counted_of(late) == Counted(11, NOW + 500)
    assert counted_of(late[:1]).moved_behind(late[1:]) == Counted(11, NOW + 500)
