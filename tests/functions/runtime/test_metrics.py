import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.connections import Outcome
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.client import connect as connect_to
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.review_state import ReviewState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.adapters.tokens.edge import Edge
from functions.handlers import archive, authorize, connect, gallery, message, relay, sweep
from functions.parts import MessageParts, Review
from functions.rooms import events
from functions.rooms.answers import Rate
from functions.rooms.limits import Limits
from functions.rooms.seats import HANDSHAKE_MS
from functions.rooms.words import Lists
from functions.runtime import metrics
from functions.runtime.metrics import LAG, METRICS, NAMESPACE, SEATS, VALUES, Meter, spread
from functions.usecases.cutter import Cutter
from functions.usecases.fanout import Fanout
from functions.usecases.sweeper import Sweeper
from functions.usecases.ticker import Ticker
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.galleries import gallery_state, open_gallery, place_of, taken
from tests.functions.handlers.test_archive import World
from tests.functions.handlers.test_archive import batch as saved_batch
from tests.functions.handlers.test_archive import chat as saved_chat
from tests.functions.handlers.test_gallery import event as slot_event
from tests.functions.handlers.test_relay import Plenty, Screens, batch, chat
from tests.functions.reviewer import Reviewer
from tests.functions.usecases.test_admission import ADMISSION
from tests.functions.usecases.test_slot_reader import AT, Played, key_of, reader

HOUR = 3_600_000
TWO = Rate(burst=2, per_second=0.01)


class Lines:
    """The EMF lines of several functions, read as CloudWatch reads them."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []

    def meter(self, slice: int = 0) -> Meter:
        return Meter(
            stage="prod",
            slice=slice,
            write=lambda line: self.documents.append(json.loads(line)),
            clock=lambda: NOW / 1000 + 5,
        )

    @property
    def emitted(self) -> set[tuple[str, str, str, tuple[str, ...]]]:
        """Namespace, name, unit and dimensions of all that has a value."""
        found = set()
        for document in self.documents:
            for directive in document["_aws"]["CloudWatchMetrics"]:
                (dimensions,) = directive["Dimensions"]
                assert all(document[name] for name in dimensions)
                for metric in directive["Metrics"]:
                    assert metric["Name"] in document
                    found.add((directive["Namespace"], metric["Name"], metric["Unit"], tuple(dimensions)))
        return found

    def values(self, name: str) -> list[Any]:
        return [document[name] for document in self.documents if name in document]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def room(parts: MessageParts, lines: Lines) -> MessageParts:
    return replace(parts, meter=lines.meter())


@pytest.fixture
def screens() -> Screens:
    return Screens()


@pytest.fixture
def relay_parts(room: MessageParts, redis: RedisCluster, screens: Screens, lines: Lines) -> RelayParts:
    rooms = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    fanout = Fanout(screens, Plenty(), backoff=())
    ticker = Ticker(fanout, rooms, heartbeat_seconds=60, posts_a_tick=16_000, handshake_seconds=())
    return RelayParts(room, rooms, ticker, Cutter(fanout, screens), room.words, room.bans, lines.meter(slice=0))


async def test_what_the_functions_emit_is_the_list_of_metrics_and_nothing_else(
    room: MessageParts,
    relay_parts: RelayParts,
    parts_without_redis: MessageParts,
    screens: Screens,
    log: MemoryLog,
    clock: Clock,
    redis: RedisCluster,
    lines: Lines,
) -> None:
    await run_the_admission(lines)
    await run_the_room(room, redis, replace(parts_without_redis, meter=lines.meter()), log)
    await run_the_relay(relay_parts, screens, log, clock)
    clock.now += HOUR
    await connect.main(route_event("zoe"), room)
    clock.now += HANDSHAKE_MS
    await sweep.main({}, Sweeper(room, SweepState(redis, heartbeat_seconds=60), 120_000, lines.meter()))
    await run_the_gallery(room, redis, lines, clock)
    await run_the_archive(lines)
    listed = {(NAMESPACE, one.name, one.unit, ("stage", "slice") if one.per_slice else ("stage",)) for one in METRICS}
    assert lines.emitted == listed


async def run_the_gallery(room: MessageParts, redis: RedisCluster, lines: Lines, clock: Clock) -> None:
    """A place that stays and one that is swept; slots that are read too late, not known any more, by no valid key."""
    await open_gallery(redis)
    for number, now in ((1, clock.now), (2, clock.now - HOUR)):
        await taken(gallery_state(redis), place_of(f"reader{number}", number), now)
    await room.state.list_room(42, clock.now)
    await sweep.main({}, Sweeper(room, SweepState(redis, heartbeat_seconds=60), 120_000, lines.meter()))
    played = Played(said_at=AT - 20_000)
    parts = gallery.GalleryParts(reader=reader(played), edge=Edge(), meter=lines.meter())
    for key, slot in ((key_of(), AT // 1000 - 20), (key_of(), AT // 1000 - 61), ("guess", AT // 1000)):
        await gallery.main(slot_event(f"/gallery/42/{key}/{slot}"), parts)


async def run_the_admission(lines: Lines) -> None:
    admission = replace(ADMISSION, meter=lines.meter())
    asked = {"type": "REQUEST", "methodArn": "arn", "queryStringParameters": {"activityId": "42", "token": "x.y.z"}}
    with pytest.raises(authorize.Unauthorized):
        await authorize.main(asked, admission)


async def run_the_room(room: MessageParts, redis: RedisCluster, without_redis: MessageParts, log: MemoryLog) -> None:
    """Who comes too often, with a second tab, and floods; a masked chat, a rejected one, and both servers away."""
    await room.words.write(Lists(("darn",), ("spam",)))
    strict = replace(room, state=RoomState(redis, heartbeat_seconds=60, limits=Limits(seats=1, joins=TWO, refusals=1)))
    for connection_id in ("m1", "m2", "m3"):
        await connect.main(route_event("mallory", connection_id), strict)
    await message.main(route_event("mallory", "m2", body="{"), strict)
    await connect.main(route_event("alice"), room)
    for said in ("darn it", "spam"):
        await message.main(route_event("alice", body=json.dumps({"messageType": 4, "message": said})), room)
    await run_the_review(room, redis)
    log.live_is_away = True
    await connect.main(route_event("bob"), room)
    log.live_is_away = False
    await connect.main(route_event("bob"), without_redis)


async def run_the_review(room: MessageParts, redis: RedisCluster) -> None:
    """A chat with another text, one that is denied, and a review that fails."""
    answers: list[Any] = [{"action": "change", "text": "ho"}, {"action": "deny"}, None]
    for number, answer in enumerate(answers):
        review = Review(function=Reviewer(answer), state=ReviewState(redis), on_failure="allow")
        said = route_event("alice", body=json.dumps({"messageType": 4, "message": "hi", "id": f"r{number}"}))
        await message.main(said, replace(room, review=review))


async def run_the_relay(relay_parts: RelayParts, screens: Screens, log: MemoryLog, clock: Clock) -> None:
    """Newcomers, one with a cursor of another time; POSTs with every outcome; more than fits into a tick or a frame."""
    resuming = route_event("dora")
    resuming["queryStringParameters"] = {"since": "0ther.7"}
    await connect.main(resuming, relay_parts.room)
    for user in ("gone", "throttled", "forbidden", "failed", "too_large"):
        await connect.main(route_event(user), relay_parts.room)
    await relay.main(batch(*log.live, b"{", first=10), relay_parts)
    clock.now += 2 * HANDSHAKE_MS
    outcomes = {f"c-{outcome.value}": outcome for outcome in Outcome}
    screens.outcome = lambda connection_id: outcomes.get(connection_id, Outcome.DELIVERED)
    now = clock.now
    crowd = [chat("", now, type=events.LEAVE, user_id=f"u{number}", username="n" * 60) for number in range(40)]
    likes = [chat("", now, type=events.LIKE, likes=number) for number in range(3)]
    notices = [chat("", now, type=events.NOTICE, name="n", data="x" * size) for size in (*[30_000] * 20, 40_000)]
    chats = [chat("x" * 500, now) for _ in range(100)]
    await relay.main(batch(*crowd, *likes, *chats, *notices, first=100), relay_parts)
    clock.now += HOUR
    await relay.main(batch(chat("old news"), first=1000), relay_parts)


async def run_the_archive(lines: Lines) -> None:
    world = World()
    heartbeat = saved_chat(None, type=events.HEARTBEAT, watch_seconds=60)
    parts = replace(world.parts, meter=lines.meter())
    records: list[tuple[int, events.Event | bytes]] = [
        (70, saved_chat(1, client_id="c")),
        (71, heartbeat),
        (72, b"{"),
        (73, saved_chat(9, client_id="c")),
    ]
    await archive.main(saved_batch(p3=records), parts)
    world.memory.fault = lambda: "throttled"
    await archive.main(saved_batch(p3=[(74, saved_chat(2))]), parts)
    # Another chat under a seq that is taken.
    world.memory.fault = lambda: None
    await archive.main(saved_batch(p3=[(74, saved_chat(2)), (75, saved_chat(2, time=9))]), parts)


async def test_a_relay_that_fails_tells_how_old_its_batch_has_become_meanwhile(
    relay_parts: RelayParts, clock: Clock, lines: Lines
) -> None:
    away = RelayState(connect_to("redis://127.0.0.1:1"), slice_=0, slices=1, heartbeat_seconds=60)
    for _ in range(2):
        clock.now += 4_000
        with pytest.raises(StateUnavailable):
            await relay.main(batch(chat("a", time=NOW)), replace(relay_parts, rooms=away))
    assert lines.values("RelayLag") == [4_000, 8_000]


async def test_the_relay_tells_how_old_its_oldest_event_was(
    relay_parts: RelayParts, clock: Clock, lines: Lines
) -> None:
    clock.now += 1_500
    await relay.main(batch(chat("a", time=NOW), chat("b", time=NOW + 1_000)), relay_parts)
    assert lines.values("RelayLag") == [1_500]
    assert lines.values("Events") == [2]


async def test_what_is_folded_or_left_out_counts_once_for_each_viewer(
    relay_parts: RelayParts, log: MemoryLog, lines: Lines
) -> None:
    for user in ("alice", "bob"):
        await connect.main(route_event(user), relay_parts.room)
    await relay.main(batch(*log.live, first=10), relay_parts)
    lines.documents.clear()
    likes = [chat("", type=events.LIKE, likes=number) for number in range(5)]
    await relay.main(batch(*likes, *(chat("x" * 1000) for _ in range(40)), first=100), relay_parts)
    assert lines.values("LikesFolded") == [2 * 4]
    (left_out,) = lines.values("ChatsLeftOut")
    assert left_out % 2 == 0
    assert 0 < left_out < 2 * 40


async def test_seats_are_counted_after_the_sweep_and_an_empty_room_is_none(
    room: MessageParts, redis: RedisCluster, clock: Clock, lines: Lines
) -> None:
    sweep_parts = Sweeper(room, SweepState(redis, heartbeat_seconds=60), 120_000, lines.meter())
    await connect.main(route_event("alice"), room)
    await sweep.main({}, sweep_parts)
    clock.now += HOUR
    await sweep.main({}, sweep_parts)
    assert (lines.values("Seats"), lines.values("Rooms"), lines.values("SeatsSwept")) == ([1, 0], [1, 0], [1])


async def test_an_archive_that_stores_nothing_tells_so_before_it_fails(lines: Lines) -> None:
    world = World(partial_responses=False)
    world.memory.fault = lambda: "throttled"
    with pytest.raises(archive.Incomplete):
        await archive.main(saved_batch(p3=[(70, saved_chat(1))]), replace(world.parts, meter=lines.meter()))
    assert (lines.values("ItemsUnstored"), lines.values("ItemsStored"), lines.values("ArchiveLag")) == ([1], [], [5000])


async def test_an_ordinary_chat_and_handshake_write_nothing(room: MessageParts, lines: Lines) -> None:
    await connect.main(route_event("alice"), room)
    await message.main(route_event("alice", body=json.dumps({"messageType": 4, "message": "hi"})), room)
    assert lines.documents == []


async def test_a_refused_frame_tells_its_code_to_who_searches_the_log(room: MessageParts, lines: Lines) -> None:
    await message.main(route_event("alice", body="{"), room)
    (document,) = lines.documents
    assert (document["FramesRefused"], document["code"]) == (1, "bad_json")
    assert "code" not in document["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]


def test_a_line_is_what_cloudwatch_reads() -> None:
    lines = Lines()
    lines.meter(slice=3).emit({LAG: 12.345, SEATS: 0})
    assert lines.documents == [
        {
            "_aws": {
                "Timestamp": NOW + 5000,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "LiveRooms",
                        "Dimensions": [["stage"]],
                        "Metrics": [{"Name": "Seats", "Unit": "Count"}],
                    },
                    {
                        "Namespace": "LiveRooms",
                        "Dimensions": [["stage", "slice"]],
                        "Metrics": [{"Name": "RelayLag", "Unit": "Milliseconds"}],
                    },
                ],
            },
            "stage": "prod",
            "slice": "3",
            "RelayLag": 12.35,
            "Seats": 0,
        }
    ]


def test_counts_of_nothing_write_no_line() -> None:
    lines = Lines()
    lines.meter().emit({metrics.GAPS: 0, metrics.POST_LATENCY: []})
    assert lines.documents == []


def test_many_measurements_are_told_by_a_few_of_the_same_shape() -> None:
    few = spread([float(number) for number in range(1000, 0, -1)])
    assert len(few) == VALUES
    assert few == sorted(few)
    assert few[-1] == 1000
    assert abs(few[9] - 500) < 50


def test_a_few_measurements_are_told_as_they_are() -> None:
    assert spread([3.0, 1.0]) == [1.0, 3.0]


def test_by_default_a_line_goes_to_stdout_in_one_piece(capsys: pytest.CaptureFixture[str]) -> None:
    Meter(stage="dev").emit({SEATS: 3})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["Seats"] == 3


def test_every_metric_is_named_once() -> None:
    assert len({one.name for one in METRICS}) == len(METRICS)
