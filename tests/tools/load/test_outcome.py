"""The figures of a load, from those of its processes."""

import pickle
from collections import Counter
from typing import Any

from tools.load.histogram import Histogram
from tools.load.options import LoadOptions
from tools.load.outcome import counts_are_right, merge, problems
from tools.load.presence import OTHERS, SLOW, Presence
from tools.load.table import table

OPTIONS = LoadOptions(url="ws://localhost/", viewers=4, processes=2)


def worker(**changed: Any) -> dict[str, Any]:
    """One that has two viewers in one room, who heard the chats 3 and 5."""
    latencies = Histogram()
    latencies.add(2000, 4)
    latencies.reach(2000)
    figures = {
        "here": 2,
        "gone": 0,
        "connect_seconds": 0.5,
        "played": {"began": 1_700_000_000.0, "seconds": 10.0, "frames": 4, "bytes": 800, "cpu": 0.1},
        "disturbed": None,
        "recovered": None,
        "counts": [(2, 4, 4)],
        "sent": {"chat": 1},
        "accepted": 1,
        "reply_times": latencies,
        "refused_handshakes": {},
        "refused_frames": {},
        "dropped": [{}, {}],
        "latencies": [latencies, Histogram()],
        "rooms": [room([3, 5], (OTHERS, True, 0, 0, (0, 1), 2), accepted=(3,))],
        **changed,
    }
    return pickle.loads(pickle.dumps(figures))  # type: ignore[no-any-return]


def room(seqs: list[int], *presences: Any, accepted: tuple[int, ...] = ()) -> dict[str, Any]:
    """`presences`: the values of their keys, and how many there are."""
    keys = {Presence.Key(*values): times for *values, times in presences}
    return {"seqs": seqs, "accepted": set(accepted), "presences": keys}


def test_two_processes_without_a_fault_have_no_problem() -> None:
    outcome = merge(OPTIONS, [worker(), worker()])
    assert outcome["problems"] == []
    assert outcome["chats"] == {"due": 8, "lost": 0, "left_out": 0, "repeated": 0, "out_of_order": 0}
    assert outcome["latency_ms"] == {"p50": 2.0, "p95": 2.0, "p99": 2.0, "max": 2.0, "count": 8}
    assert (outcome["frames_per_viewer_second"], outcome["bytes_per_viewer_second"]) == (0.2, 40)
    assert outcome["viewers"] == {"wanted": 4, "vanished": 0, "at_end": 4}


def test_chats_left_out_are_no_problem_and_not_passed_over() -> None:
    outcome = merge(OPTIONS, [worker(rooms=[room([3, 5], (OTHERS, True, 0, 1, (0, 0), 2))]), worker()])
    assert outcome["problems"] == []
    assert outcome["chats"]["left_out"] == 2
    assert "but for 2 left out as told" in table(outcome)


def test_what_only_another_process_saw_is_owed_too() -> None:
    other = worker(rooms=[room([3], (OTHERS, True, 0, 0, (0, 0), 2))])
    assert merge(OPTIONS, [worker(), other])["chats"]["lost"] == 2


def test_what_was_accepted_and_reached_nobody_is_lost_to_everybody() -> None:
    sender = worker(rooms=[room([3, 5], (OTHERS, True, 0, 0, (0, 1), 2), accepted=(3, 5, 8))])
    outcome = merge(OPTIONS, [worker(), sender])
    assert outcome["chats"]["lost"] == 4
    assert "4 chats were lost" in outcome["problems"]


def test_slow_viewers_are_told_apart_and_are_no_problem() -> None:
    missing = worker(rooms=[room([3, 5], (SLOW, True, 0, 0, (0, 0), 2))], dropped=[{}, {"1001": 1}])
    outcome = merge(LoadOptions(url="ws://localhost/", viewers=4, mode="slow"), [worker(), missing])
    assert outcome["problems"] == []
    assert outcome["slow"]["chats"]["lost"] == 2
    assert outcome["slow"]["dropped"] == {"1001": 1}


def test_each_fault_is_named() -> None:
    for changed, problem in (
        ({"here": 1}, "1 viewers were not there at the end"),
        ({"counts": [(2, 3, 4)]}, "1 users: by so many the online count was wrong at the end"),
        ({"rooms": [room([3, 5], (OTHERS, True, 0, 0, (0, 1, 0, 0), 2))]}, "2 chats came twice"),
        ({"rooms": [room([5, 3], (OTHERS, True, 0, 0, (0, 1), 2))]}, "2 chats came out of order"),
    ):
        outcome = merge(OPTIONS, [worker(), worker(**changed)])
        assert outcome["problems"] == [problem]
        assert f"WRONG: {problem}" in table(outcome)


def test_vanished_viewers_are_not_missed() -> None:
    half = worker(here=1, gone=1, counts=[(1, 2, 2)], disturbed=100.0)
    outcome = merge(LoadOptions(url="ws://localhost/", viewers=4, mode="vanish"), [half, half], right_again=103.25)
    assert outcome["problems"] == []
    assert outcome["vanish"] == {"seconds_until_count_was_right": 3.25}


def test_a_storm_lasts_until_the_last_process_has_all_back() -> None:
    options = LoadOptions(url="ws://localhost/", viewers=4, mode="storm")
    first, second = worker(disturbed=100.0, recovered=103.0), worker(disturbed=100.5, recovered=104.0)
    assert merge(options, [first, second])["storm"] == {"seconds_until_all_were_back": 4.0}
    assert merge(options, [first, worker(disturbed=100.0)])["storm"] == {"seconds_until_all_were_back": None}


def test_a_load_that_was_cut_short_before_it_began_has_figures() -> None:
    played = {"began": 0.0, "seconds": 0.0, "frames": 0, "bytes": 0, "cpu": 0.0}
    nothing = worker(here=0, played=played, counts=[(0, 0, 0)], sent={}, rooms=[room([])], accepted=0)
    nothing["latencies"] = [Histogram(), Histogram()]
    outcome = merge(OPTIONS, [nothing])
    assert problems(outcome) == ["4 viewers were not there at the end"]
    assert outcome["latency_ms"]["p99"] is None
    assert "send to receipt      none" in table(outcome)


def test_counts_are_right_when_everyone_was_told_the_true_number() -> None:
    assert counts_are_right([{"counts": [(2, 4, 4)]}, {"counts": [(2, 4, 4)]}])
    assert not counts_are_right([{"counts": [(2, 4, 5)]}, {"counts": [(2, 4, 4)]}])
    assert not counts_are_right([{"counts": [(2, 2, 2)]}, {"counts": []}])
    assert counts_are_right([{"counts": [(2, 2, 2)]}, {"counts": [(0, 0, 0)]}])


def gallery(**changed: Any) -> dict[str, Any]:
    """Two readers, who have read the chats 3 and 5."""
    latencies = Histogram()
    latencies.add(1500_000, 4)
    return {
        "here": 2,
        "played": {"seconds": 10.0, "slots": 18, "bytes": 4000, "cpu": 0.25},
        "place_seconds": 0.5,
        "counts": [(2, 6, 6)],
        "requests": Counter(slot=20, place=2),
        "failures": {},
        "refusals": {},
        "bytes": 5000,
        "gaps": 0,
        "slots_missed": 0,
        "latencies": latencies,
        "rooms": [room([3, 5], (OTHERS, True, 0, 0, (0, 1), 2))],
        **changed,
    }


SEATED = worker(counts=[(2, 6, 6)])
READERS = LoadOptions(url="ws://localhost/", viewers=4, processes=2, gallery=2)


def test_readers_have_figures_of_their_own() -> None:
    outcome = merge(READERS, [SEATED, SEATED], gallery=gallery())
    assert outcome["problems"] == []
    read = outcome["gallery"]
    assert read["chats"] == {"due": 4, "read": 4, "lost": 0, "left_out": 0}
    assert (read["latency_ms"]["count"], read["reads_per_reader_second"], read["bytes_per_reader_second"]) == (
        4,
        0.9,
        200,
    )
    assert outcome["load_cpu"] == [0.1, 0.1, 0.25]
    shown = table(outcome)
    assert "4 in all, 4 read, 0 lost, 0 left out" in shown
    assert "0.9 reads, 200 bytes" in shown


def test_each_fault_of_readers_is_named() -> None:
    for changed, problem in (
        ({"here": 1}, "1 readers were not there at the end"),
        ({"counts": [(2, 6, 7)]}, "1 users: by so many the online count was wrong at the end"),
        ({"rooms": [room([3], (OTHERS, True, 0, 0, (0, 0), 2))]}, "2 chats were lost in the gallery"),
    ):
        outcome = merge(READERS, [SEATED, SEATED], gallery=gallery(**changed))
        assert outcome["problems"] == [problem]
        assert f"WRONG: {problem}" in table(outcome)
