"""Shows a batch of the room log to the viewers of one slice: each room in the batch gets one tick.

Public events go into the room's history before they are posted. Delivery is at least once: the batch is committed when
the function returns, and of a redelivered batch only the events behind the slice's mark are posted. The relay publishes
a leave for each viewer whose connection is gone. It reads these leaves as well, and never publishes because of them.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.adapters.aws.connections import Outcome
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.words import Words
from functions.aws_events.kafka import Record
from functions.parts import RoomParts
from functions.rooms.events import Event
from functions.rooms.records import BrokenRecord, parse_record
from functions.rooms.spans import Span
from functions.runtime import metrics
from functions.runtime.entry import JsonObject
from functions.runtime.metrics import SILENT, Meter, Metric, Number
from functions.runtime.together import both
from functions.usecases.announcer import announce_departures
from functions.usecases.cutter import Cutter
from functions.usecases.expulsion import put_out
from functions.usecases.names import masked_rooms, masked_views
from functions.usecases.ticker import Ticked, Ticker

log = logging.getLogger(__name__)

_FAILURES = {
    Outcome.GONE: metrics.POSTS_GONE,
    Outcome.THROTTLED: metrics.POSTS_THROTTLED,
    Outcome.TOO_LARGE: metrics.POSTS_TOO_LARGE,
    Outcome.FORBIDDEN: metrics.POSTS_FORBIDDEN,
    Outcome.FAILED: metrics.POSTS_FAILED,
}


@dataclass(frozen=True)
class Relay:
    """Reads the state of the slice's `rooms`, masks the names in it by `words`, puts those out who are on `bans`, lets
    `ticker` post and `cutter` close, and publishes leaves through `room`."""

    room: RoomParts
    rooms: RelayState
    ticker: Ticker
    cutter: Cutter
    words: Words
    bans: PlatformBans
    meter: Meter = SILENT

    async def show(self, records: Iterable[Record]) -> JsonObject:
        """Show a batch; returns how many rooms, broken records, departed viewers and POSTs there were.

        Raises StateUnavailable and LogUnavailable. The batch is then redelivered until it succeeds, and meanwhile a
        metric shows how old it has become.
        """
        rooms, spans, broken = read(records)
        now = self.room.clock()
        try:
            return await self._show(rooms, spans, broken, now)
        except Exception:
            self.meter.emit(lag(rooms, now))
            raise

    async def _show(
        self, rooms: Mapping[int, Sequence[Event]], spans: Sequence[Span], broken: int, now: int
    ) -> JsonObject:
        (views, _), (words, _) = await both(
            both(self.rooms.before(rooms, now, spans), self.ticker.reserve()),
            both(self.words.current(), self.bans.current()),
        )
        views = await put_out(views, self.bans, now)
        rooms, views = masked_rooms(rooms, words), masked_views(views, words)
        ticked, cut = await both(self.ticker.tick(rooms, views, now), self.cutter.cut_off(views, now))
        departed, failure = await self.rooms.after([*ticked.rooms, *cut], now, spans)
        await announce_departures(departed, self.room.state, self.room.log, now)
        if failure:
            raise failure
        self.meter.emit(numbers(rooms, broken, ticked, now) | {metrics.SEATS_GONE: len(departed)})
        posts = {outcome.value: count for outcome, count in ticked.posts.items()}
        if forbidden := ticked.posts[Outcome.FORBIDDEN]:
            log.error("%d POSTs were forbidden: is CONNECTIONS_URL this API's, and may the role post?", forbidden)
        if failed := ticked.posts[Outcome.FAILED]:
            log.warning("%d POSTs failed: their viewers are welcomed again", failed)
        if ticked.too_large:
            log.warning("%d objects are too large for a frame: viewers were told so", ticked.too_large)
        return {"rooms": len(rooms), "broken": broken, "departed": len(departed), "posts": posts}


def read(records: Iterable[Record]) -> tuple[dict[int, Sequence[Event]], Sequence[Span], int]:
    """The events by room, each room's in the order of the log; which part of each partition they are; and how many
    records were broken."""
    rooms: dict[int, list[Event]] = {}
    spans: dict[str, Span] = {}
    broken = 0
    for record in records:
        span = spans.setdefault(record.source, Span(record.source, record.offset, record.timestamp))
        span.add(record.offset, record.timestamp)
        try:
            event = parse_record(record.value, seq=record.offset, timestamp=record.timestamp)
            _check_key(record, event)
        except BrokenRecord as reason:
            broken += 1
            log.warning("skipped %s offset %d: %s", record.source, record.offset, reason)
        else:
            rooms.setdefault(event.activity_id, []).append(event)
            span.add_to(event.activity_id, record.offset)
    return dict(rooms), list(spans.values()), broken


def _check_key(record: Record, event: Event) -> None:
    """Raise BrokenRecord for a record under a key that is not its room's: it stands in another partition, whose offsets
    are no seqs of the room (docs/adr/0002-seq-is-the-kafka-offset.md)."""
    if record.key != event.key():
        key = "no key" if record.key is None else f"the key {record.key[:40]!r}"
        raise BrokenRecord(f"it has {key}, and is for the room {event.activity_id}")


def numbers(rooms: Mapping[int, Sequence[Event]], broken: int, ticked: Ticked, now: int) -> dict[Metric, Number]:
    """The metrics of a batch that came at `now`."""
    found: dict[Metric, Number] = {
        metrics.EVENTS: sum(map(len, rooms.values())),
        metrics.EVENTS_EXPIRED: ticked.expired,
        metrics.OBJECTS_TOO_LARGE: ticked.too_large,
        metrics.SEATS_BEHIND: sum(len(room.missed) for room in ticked.rooms),
        metrics.RECORDS_BROKEN: broken,
        metrics.FRAMES: ticked.posts[Outcome.DELIVERED],
        metrics.POST_LATENCY: ticked.latencies,
        metrics.GAPS: ticked.gaps,
        metrics.LIKES_FOLDED: ticked.unshown["likes"],
        metrics.CROWD_FOLDED: ticked.unshown["crowd"],
        metrics.CROWD_LEFT_OUT: ticked.unshown["join"] + ticked.unshown["leave"],
        metrics.CHATS_LEFT_OUT: ticked.unshown["chat"],
        metrics.NOTICES_LEFT_OUT: ticked.unshown["notice"],
    }
    found |= {metric: ticked.posts[outcome] for outcome, metric in _FAILURES.items()}
    return found | lag(rooms, now)


def lag(rooms: Mapping[int, Sequence[Event]], now: int) -> dict[Metric, Number]:
    """The age (ms) of the oldest event, no metric without events."""
    logged = [event.logged_at for room in rooms.values() for event in room]
    return {metrics.LAG: max(0, now - min(logged))} if logged else {}
