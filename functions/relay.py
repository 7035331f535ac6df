"""Posts the room log's events to the viewers of its slice: one tick a room and batch.

What is public goes into the room's history before it is posted. At least once: the batch is committed when this
returns, and of a batch that comes again only what the slice has not shown is posted. It may publish leaves, of viewers
it finds gone; it never answers what it publishes by publishing.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions import departures, metrics
from functions.adapters.connections import Connections, Outcome
from functions.adapters.credentials import CredentialSource
from functions.adapters.fanout import Fanout
from functions.adapters.post_budget import PostBudget
from functions.adapters.redis_client import connect_to_rooms
from functions.adapters.relay_state import RelayState
from functions.aws_events import kafka
from functions.entry import Entry, JsonObject
from functions.metrics import SILENT, Meter, Metric, Number
from functions.parts import RoomParts
from functions.parts import build as build_room
from functions.rooms.events import BrokenRecord, Event
from functions.settings import Settings
from functions.ticker import Ticked, Ticker
from functions.together import both

log = logging.getLogger(__name__)

# What a tick may spend on classic viewers, in seconds of the budget: a tick that took longer would be old news.
TICK_SECONDS = 2


@dataclass(frozen=True)
class Parts:
    """What the relay works with."""

    room: RoomParts
    rooms: RelayState
    ticker: Ticker
    meter: Meter = SILENT


async def build(settings: Settings) -> Parts:
    """The parts as the settings say."""
    heartbeat = settings.heartbeat_seconds
    redis = connect_to_rooms(settings)
    rooms = RelayState(redis, slice_=settings.slice, slices=settings.slices, heartbeat_seconds=heartbeat)
    connections = Connections(settings.connections_url, CredentialSource(os.environ), region=settings.aws_region)
    budget = PostBudget(redis, per_second=settings.posts_per_second)
    ticker = Ticker(
        Fanout(connections, budget),
        rooms,
        heartbeat_seconds=heartbeat,
        posts_a_tick=TICK_SECONDS * settings.posts_per_second,
    )
    return Parts(await build_room(settings), rooms, ticker, Meter(stage=settings.stage, slice=settings.slice))


async def main(raw: JsonObject, parts: Parts) -> JsonObject:
    """Counts of what the batch held and what became of it; raises StateUnavailable and LogUnavailable."""
    rooms, broken = read(raw)
    now = parts.room.clock()
    try:
        return await show(rooms, broken, now, parts)
    except Exception:
        # It comes again until it succeeds: how old it has become is told meanwhile.
        parts.meter.emit(lag(rooms, now))
        raise


async def show(rooms: Mapping[int, Sequence[Event]], broken: int, now: int, parts: Parts) -> JsonObject:
    """Make a tick of each room; returns and raises what `main` does."""
    before, _ = await both(parts.rooms.before(rooms, now), parts.ticker.reserve())
    ticked = await parts.ticker.tick(list(zip(rooms.items(), before, strict=True)), now)
    departed, failure = await parts.rooms.after(ticked.rooms, now)
    await departures.announce(departed, parts.room.state, parts.room.log, now)
    if failure:
        raise failure
    parts.meter.emit(numbers(rooms, broken, ticked, now) | {metrics.SEATS_GONE: len(departed)})
    posts = {outcome.value: count for outcome, count in ticked.posts.items()}
    if ticked.posts[Outcome.FORBIDDEN]:
        log.error("%d POSTs were forbidden: is CONNECTIONS_URL this API's, and may the role post?", posts["forbidden"])
    if ticked.posts[Outcome.FAILED]:
        log.warning("%d POSTs failed, and were not shown", posts["failed"])
    return {"rooms": len(rooms), "broken": broken, "departed": len(departed), "posts": posts}


def read(raw: JsonObject) -> tuple[dict[int, Sequence[Event]], int]:
    """The batch's events by room, each room's in the order of the log, and how many records were broken."""
    rooms: dict[int, list[Event]] = {}
    broken = 0
    for record in kafka.records(raw):
        try:
            event = Event.from_record(record.value, seq=record.offset, timestamp=record.timestamp)
        except BrokenRecord as reason:
            broken += 1
            log.warning("skipped %s-%d offset %d: %s", record.topic, record.partition, record.offset, reason)
        else:
            rooms.setdefault(event.activity_id, []).append(event)
    return dict(rooms), broken


def numbers(rooms: Mapping[int, Sequence[Event]], broken: int, ticked: Ticked, now: int) -> dict[Metric, Number]:
    """What the batch was, in metrics. The lag is that of its oldest event when it came, at `now`."""
    every = [event for room in rooms.values() for event in room]
    found: dict[Metric, Number] = {
        metrics.EVENTS: len(every),
        metrics.EVENTS_EXPIRED: ticked.expired,
        metrics.RECORDS_BROKEN: broken,
        metrics.FRAMES: ticked.posts[Outcome.DELIVERED],
        metrics.POST_LATENCY: ticked.latencies,
        metrics.GAPS: ticked.gaps,
        metrics.LIKES_FOLDED: ticked.unshown["likes"],
        metrics.CROWD_FOLDED: ticked.unshown["crowd"],
        metrics.CROWD_LEFT_OUT: ticked.unshown["join"] + ticked.unshown["leave"],
        metrics.CHATS_LEFT_OUT: ticked.unshown["chat"],
    }
    found |= {metric: ticked.posts[outcome] for outcome, metric in _FAILURES.items()}
    return found | lag(rooms, now)


def lag(rooms: Mapping[int, Sequence[Event]], now: int) -> dict[Metric, Number]:
    """How old the oldest event is; nothing where there is none."""
    logged = [event.logged_at for room in rooms.values() for event in room]
    return {metrics.LAG: max(0, now - min(logged))} if logged else {}


_FAILURES = {
    Outcome.GONE: metrics.POSTS_GONE,
    Outcome.THROTTLED: metrics.POSTS_THROTTLED,
    Outcome.FORBIDDEN: metrics.POSTS_FORBIDDEN,
    Outcome.FAILED: metrics.POSTS_FAILED,
}

handler = Entry(main, build)
