"""An event: how many watch, what they do, what it runs on; and the load that this makes in a second."""

import math
from dataclasses import dataclass

from functions.rooms.places import MOST_BEAT, TOLD_BEATS
from functions.rooms.seats import BUCKETS
from tools.estimate.figures import ASSUMED, DATA
from tools.parser import number, one_of, option

_RATE, _SECONDS = number(float, 0, 1e6), number(float, 1, 86_400)
KAFKA_KINDS = ("t3.small", "m7g.large", "serverless", "existing")

# API Gateway ends a connection after two hours, so a viewer who stays connects again.
VISIT_HOURS = 2
WINDOW_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Event:
    """One room. Rates are a second, all viewers together. The properties tell what it causes while it lasts."""

    viewers: int = option("in the room at a time", number(int, 1, 10_000_000), metavar="N")
    hours: float = option("of events in a month, all together", number(float, 0.01, 744), metavar="H")
    chat_rate: float = option("chats a second", _RATE, 0, shown=10)
    like_rate: float = option("like frames a second", _RATE, 0)
    join_rate: float = option("viewers that join in a second; as many leave", _RATE, 0)
    heartbeat_seconds: float = option("between a viewer's heartbeats", _SECONDS, 60)
    arrive_seconds: float = option("within which all viewers come", _SECONDS, 300)
    slices: int = option("relay.slices", number(int, 1, BUCKETS), 1, metavar="N")
    posts_per_second: float = option(
        "relay.posts_per_second: the relays' budget", number(float, 1, 1e7), 8000, metavar="N"
    )
    low_latency: bool = option("relay.low_latency: pollers of their own, no window", default=False)
    kafka: str = option(f"MSK's kind, or its brokers' size: {', '.join(KAFKA_KINDS)}", one_of(*KAFKA_KINDS), "t3.small")
    nat: int = option("NAT gateways; 0: IPv6 instead", number(int, 0, 3), 1, metavar="N")
    archive: str = option(
        "archive.mode: on_demand or provisioned", one_of("on_demand", "provisioned"), "on_demand", metavar="MODE"
    )

    review: bool = option("a function of yours reviews each chat", default=False)
    gallery: float = option("share of the viewers who read in the gallery", number(float, 0, 0.999), 0, metavar="SHARE")
    spare_from: int = option("gallery.spare_from", number(int, 1, 10_000_000), 20_000, metavar="N")
    beats_per_second: int = option("gallery.beats_per_second", number(int, 1, 1_000_000), 500, metavar="N")

    @property
    def seconds(self) -> float:
        return self.hours * 3600

    @property
    def readers(self) -> int:
        """Viewers in the gallery. Somebody has a seat, or nothing is said."""
        return min(round(self.viewers * self.gallery), self.viewers - 1)

    @property
    def seats(self) -> int:
        return self.viewers - self.readers

    @property
    def lane_changes(self) -> float:
        """Readers who take a seat in a second; as many go back."""
        return self.seats / ASSUMED["seat_stay_seconds"] if self.readers else 0.0

    @property
    def seat_joins(self) -> float:
        """Seats that are taken while the event lasts; as many are given up."""
        return self.join_rate * (1 - self.gallery) + self.lane_changes

    @property
    def arrivals(self) -> float:
        return self.seats * self.hours / VISIT_HOURS + self.seat_joins * self.seconds

    @property
    def heartbeats(self) -> float:
        return self.seats / self.heartbeat_seconds

    @property
    def beat_seconds(self) -> float:
        """Between a reader's renewals."""
        return min(MOST_BEAT, max(self.heartbeat_seconds, math.ceil(self.readers / self.beats_per_second)))

    @property
    def beats(self) -> float:
        """Renewals of places."""
        return self.readers / self.beat_seconds

    @property
    def credit_seconds(self) -> float:
        """Between the records that tell how long a reader has watched."""
        return max(TOLD_BEATS * self.heartbeat_seconds, self.beat_seconds)

    @property
    def reader_credits(self) -> float:
        """Renewals that have a record for the archive, as each heartbeat has one."""
        return self.readers / self.credit_seconds

    @property
    def frames_in(self) -> float:
        return self.chat_rate + self.like_rate + self.heartbeats

    @property
    def reviews(self) -> float:
        """Chats that are reviewed."""
        return self.chat_rate if self.review else 0.0

    @property
    def live_events(self) -> float:
        """Records of the live topic: chats, likes, joins and leaves."""
        return self.chat_rate + self.like_rate + 2 * self.join_rate

    @property
    def saved_events(self) -> float:
        return self.live_events + self.heartbeats + self.reader_credits

    @property
    def ticks_wanted(self) -> float:
        """Ticks that a slice would make. A batch starts with an event, and gathers records for a window, or for as long
        as the batch before it is posted."""
        posting = self.seats / self.slices / ASSUMED["posts_a_second_a_slice"]
        window = max(0.0 if self.low_latency else WINDOW_SECONDS, posting)
        return ASSUMED["ticks_factor"] * self.live_events / (1 + self.live_events * window)

    @property
    def posts_wanted(self) -> float:
        """POSTs without a limit: ticks, and a welcome for each seat that is taken."""
        return self.seats * self.ticks_wanted + self.seat_joins

    @property
    def posts(self) -> float:
        """POSTs that are made. At the limit of their budget the relays make fewer and larger ticks."""
        return min(self.posts_wanted, self.posts_per_second)

    @property
    def ticks(self) -> float:
        """Ticks that one viewer on a seat receives."""
        return self.posts / self.seats

    @property
    def frame_bytes_wanted(self) -> float:
        """A tick with everything that was said since the last one."""
        if not self.ticks:
            return 0.0
        return ASSUMED["tick_bytes"] + ASSUMED["chat_bytes"] * self.chat_rate / self.ticks

    @property
    def frame_bytes(self) -> float:
        """A tick as it is sent. If it is too large, the oldest chats are left out."""
        return min(self.frame_bytes_wanted, float(DATA["quotas"]["frame_bytes"]["value"]))

    @property
    def messages(self) -> float:
        """What API Gateway counts: POSTs, frames in, and a reply to each chat."""
        return self.posts + self.frames_in + self.chat_rate

    @property
    def relay_busy(self) -> float:
        """Relays that run at a time, on average. A relay that waits for its budget runs."""
        if self.posts < self.posts_wanted:
            return float(self.slices)
        overhead = self.ticks * self.slices * ASSUMED["relay_seconds_a_tick"]
        return min(float(self.slices), self.posts / ASSUMED["posts_a_second_a_slice"] + overhead)

    @property
    def archive_batches(self) -> float:
        """Batches of the archive, one a second at most."""
        return self.saved_events / (1 + self.saved_events)

    @property
    def has_on_demand_mappings(self) -> bool:
        """Whether a mapping's pollers call Lambda from the VPC."""
        return not self.low_latency or self.archive == "on_demand"

    @property
    def polled_records(self) -> float:
        """Records that on-demand mappings send from the VPC to Lambda. Provisioned pollers use no network of yours."""
        relayed = 0.0 if self.low_latency else self.live_events * self.slices
        return relayed + (self.saved_events if self.archive == "on_demand" else 0.0)

    @property
    def credits(self) -> float:
        """Records that watch time is credited with: heartbeats, some renewals, and leaves."""
        return self.heartbeats + self.reader_credits + self.join_rate

    @property
    def minute_sums(self) -> float:
        """Updates of the sums of minutes: a batch is of one, and its records tell of the minutes before, too."""
        told = self.credit_seconds if self.readers else self.heartbeat_seconds
        return (1 + math.ceil(told / 60)) * self.archive_batches

    @property
    def reads(self) -> float:
        """Read request units: before sums are written they are read, strongly consistent. That is the user's for a
        credit, a join or a chat, the bucket's, and the minute's. Few records have an `id` of a room that the archive
        has not looked up yet; these are left out."""
        counted = self.credits + self.join_rate + self.chat_rate
        return counted + min(BUCKETS * self.archive_batches, counted) + self.minute_sums

    @property
    def writes(self) -> float:
        """Write request units: those of the room, those of users and buckets, and those of the index of users. A credit
        writes the user's watch time, which the index removes and inserts again, a chat the user's chats, and a viewer's
        first join an item."""
        buckets = min(BUCKETS * self.archive_batches, self.credits + self.chat_rate)
        users = 3 * self.credits + self.chat_rate + self.join_rate
        return self.room_writes + users + buckets + self.index_writes

    @property
    def index_writes(self) -> float:
        """Write request units of the index of users: chats, joins, leaves, and a viewer's first item."""
        return self.chat_rate + 3 * self.join_rate

    @property
    def room_writes(self) -> float:
        """Write request units of the room's partition: chats, joins, leaves, and the sums of minutes."""
        return self.chat_rate + 2 * self.join_rate + self.minute_sums

    @property
    def ecpu(self) -> float:
        """ElastiCache processing units of all but readers, all of them in the room's slot."""
        scripts = self.frames_in + 2 * self.seat_joins
        seats = self.seats * self.ticks * ASSUMED["ecpu_a_seat_a_tick"]
        return scripts * ASSUMED["ecpu_a_frame"] + seats
