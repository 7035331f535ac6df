from typing import Any

import pytest

from functions.rooms.minute_sums import MinuteSums
from functions.rooms.report import MOST_MS, Range, Report, Stored, report_of

FIRST = 28_000_000
SHOW = Range(FIRST, FIRST + 180)


def minute(online: int = 0, **fields: int) -> MinuteSums:
    return MinuteSums(online=online, online_at=1, **fields)


def report(
    minutes: dict[int, MinuteSums], before: MinuteSums | None = None, behind: bool = False, **leaders: Any
) -> Report:
    """Of minutes after FIRST."""
    lists = {"longest": [], "active": []} | leaders
    found = {FIRST + number: one for number, one in minutes.items()}
    return report_of(SHOW, Stored(minutes=found, before=before, behind=behind, **lists))


def test_a_show_is_the_sum_of_its_minutes() -> None:
    found = report(
        {
            0: minute(2, peak=3, joins=3, leaves=1, viewers=3, chats=1, chatters=1, likes=5, watched=90_000),
            2: minute(0, peak=2, joins=1, leaves=3, viewers=0, chats=2, chatters=1, likes=9, watched=30_000),
        }
    )
    assert (found.peak_online, found.viewers, found.joins, found.leaves) == (3, 3, 4, 4)
    assert (found.chats, found.chatters, found.likes, found.watched) == (3, 2, 9, 120_000)
    assert found.average_online == 2 / 3
    assert [(one.at // 60_000 - FIRST, one.online, one.likes) for one in found.curve] == [
        (0, 2, 5),
        (1, 2, 0),
        (2, 0, 4),
    ]
    assert found.estimated == []
    told = found.to_object(42)
    assert (told["from"], told["to"]) == (FIRST * 60_000, (FIRST + 180) * 60_000)
    assert (told["watchSeconds"], told["watchSecondsPerViewer"], told["averageOnline"]) == (120.0, 40.0, 0.667)
    assert told["minutes"][0] == {
        "time": FIRST * 60_000,
        "onlineNumber": 2,
        "joins": 3,
        "leaves": 1,
        "chats": 1,
        "likes": 5,
    }


def test_a_part_of_a_show_begins_with_those_who_were_there_and_says_what_is_estimated() -> None:
    before = minute(5, likes=100, viewers=9, joins=9)
    found = report({0: minute(6, peak=6, joins=1, viewers=1, likes=103)}, before)
    assert (found.viewers, found.joins, found.likes, found.peak_online) == (6, 1, 3, 6)
    assert found.estimated == ["viewers", "chatters", "watchSecondsPerViewer", "longest", "mostActive"]
    assert report({0: minute(1)}, behind=True).estimated == ["longest", "mostActive"]
    assert report({0: minute(1, peak=1)}, before).peak_online == 5


def test_a_time_in_which_nothing_happened_is_empty() -> None:
    for before in (None, minute(7, likes=3)):
        told = report({}, before).to_object(42)
        figures = [told[name] for name in ("peakOnline", "averageOnline", "viewers", "likes", "watchSeconds")]
        assert (figures, told["minutes"]) == ([0] * 5, [])


def test_a_total_of_likes_that_starts_again_is_counted_on_and_one_that_comes_late_is_not() -> None:
    lost = report({0: minute(likes=100), 1: minute(likes=30), 2: minute(likes=50)})
    assert ([one.likes for one in lost.curve], lost.likes, lost.estimated) == ([100, 30, 20], 150, ["likes"])
    late = report({0: minute(likes=100), 1: minute(likes=99), 2: minute(likes=105)})
    assert ([one.likes for one in late.curve], late.estimated) == ([100, 0, 5], ["likes"])
    untold = report({0: minute(likes=100), 1: minute(), 2: minute(likes=105)})
    assert ([one.likes for one in untold.curve], untold.estimated) == ([100, 0, 5], [])


def test_those_who_are_ahead_are_those_of_all_buckets() -> None:
    found = report({}, longest=[[("a", 5), ("b", 3)], [("c", 4)], []], active=[[], [("z", 1)]])
    told = found.to_object(42)
    assert [one["userId"] for one in told["longest"]] == ["a", "c", "b"]
    assert told["longest"][0] == {"userId": "a", "seconds": 0.005}
    assert told["mostActive"] == [{"userId": "z", "chats": 1}]
    many = report({}, longest=[[(f"u{number}", number) for number in range(1, 30)]])
    assert [user for user, _ in many.longest] == [f"u{number}" for number in range(29, 19, -1)]


def test_a_range_is_widened_to_whole_minutes_and_wrong_ones_are_refused() -> None:
    assert Range.around(59_999, 60_001) == Range(0, 2)
    assert Range.around(60_000, 120_000) == Range(1, 2)
    for start, end, problem in ((5, 5, "later"), (6, 5, "later"), (0, MOST_MS + 1, "7 days")):
        with pytest.raises(ValueError, match=problem):
            Range.around(start, end)
