from typing import Any

import pytest

from bench.emulation import Load, Loaded
from bench.gallery import SPEAKERS, Run, cpu_of_viewer, result, run
from bench.gallery_tick import TickCost

ALONE = Load(SPEAKERS, 10, 0, 0, 15)
READING = Load(SPEAKERS, 10, 0, 0, 15, gallery=1_000)
SEATED = Load(SPEAKERS + 1_000, 10, 0, 0, 15)
FEW, MANY = (Load(SPEAKERS, 10, 0, 0, 15, gallery=readers) for readers in (100, 3_000))
TICKS = {100: TickCost(plain=8.0, read=8.4)}


def ran(load: Load, cores: float = 0.5, origin_requests: float = 1.0, *, read: int = 150, p99: float = 1_900) -> Run:
    times = {"p50": 900.0, "p99": p99}
    told: dict[str, Any] = {"problems": [], "latency_ms": times, "load_cpu": [0.25]}
    told["chats"] = {"due": 150, "lost": 0, "left_out": 0}
    if load.gallery:
        told["gallery"] = {"latency_ms": times, "chats": {"due": 150, "read": read}}
    return Run(Loaded(load, told, 0, 0), cores, origin_requests, hits=90.0, misses=10.0)


def test_a_viewers_cpu_is_that_of_the_room_beyond_the_speakers_alone() -> None:
    alone = [ran(ALONE, 0.1), ran(ALONE, 0.2), ran(ALONE, 0.9)]
    assert cpu_of_viewer([ran(READING, 0.3)], alone) == pytest.approx(100)
    assert cpu_of_viewer([ran(SEATED, 0.7), ran(SEATED, 0.6), ran(SEATED, 0.5)], alone) == pytest.approx(400)


def found(**changed: Run) -> dict[str, bool]:
    """Which targets were met."""
    runs = {ALONE: [ran(ALONE, 0.2)], READING: [ran(READING, 0.3)], SEATED: [ran(SEATED, 0.6)]}
    runs |= {FEW: [changed.get("few", ran(FEW))], MANY: [changed.get("many", ran(MANY))]}
    runs[READING] = [changed.get("reading", ran(READING, 0.3))]
    return {target.what: target.met for target in result(runs, ALONE, READING, SEATED, TICKS).targets}


def missed(**changed: Run) -> list[str]:
    return [what for what, met in found(**changed).items() if not met]


def test_each_target_is_missed_by_what_it_is_about() -> None:
    assert len(found()) == 7
    assert missed() == []
    assert missed(many=ran(MANY, origin_requests=1.2)) == ["origin requests, 3,000 readers against 100"]
    assert "origin requests a second, 3,000 readers" in missed(many=ran(MANY, origin_requests=2.1))
    assert missed(many=ran(MANY, read=149)) == ["chats that a reader did not read"]
    assert missed(reading=ran(READING, 0.3, p99=2_501)) == ["ms from chat sent to read, p99, 1,000 readers"]
    assert missed(reading=ran(READING, 0.31)) == ["the emulator's CPU for each of 1,000 readers, × a seat's"]


def test_what_cannot_be_told_apart_has_met_no_target() -> None:
    assert missed(reading=ran(READING, 0.19)) == ["the emulator's CPU for each of 1,000 readers, × a seat's"]


def test_a_rooms_row_tells_readers_and_seats_alike() -> None:
    runs = {ALONE: [ran(ALONE, 0.2)], READING: [ran(READING, 0.3)], SEATED: [ran(SEATED, 0.6)]}
    rows = {row[0]: row[1:] for row in result(runs, ALONE, READING, SEATED, TICKS).rows}
    assert rows.keys() == {"nobody", "1,000 readers", "1,000 seats"}
    assert rows["1,000 readers"] == pytest.approx([0.3, 100.0, 0.25, 1.0, 90.0, 900.0, 1_900.0, 0, 0.25])
    assert rows["1,000 seats"][:3] == pytest.approx([0.6, 400.0, 1.0])


@pytest.mark.long
def test_readers_of_a_whole_emulator_miss_nothing_and_the_origin_is_asked_once_for_all() -> None:
    outcome = run(rounds=1, readers=12, audiences=(4,), seconds=3, tick_seats=(3,))
    reading, few = (one for one in outcome.figures["runs"] if one["readers"])
    for told, readers in ((reading, 12), (few, 4)):
        assert told["readers"] == readers
        assert told["load"]["gallery"]["chats"]["read"] == told["load"]["gallery"]["chats"]["due"] > 0
        assert 0 < told["perSecond"]["originRequests"] <= 2
        assert told["emulatorCores"] > 0
