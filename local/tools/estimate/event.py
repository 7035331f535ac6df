"""An event: how many watch, what they do, what it runs on; and what that is a second."""

from dataclasses import dataclass
from typing import Literal

from functions.rooms.seats import BUCKETS
from local.tools.estimate.figures import Figures

KafkaKind = Literal["t3.small", "m7g.large", "serverless", "existing"]

# API Gateway ends a connection after two hours, so whoever stays comes again.
VISIT_HOURS = 2
WINDOW_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Event:
    """One room. Rates are a second, all viewers together; as many leave as join. `hours`: in a month, all shows
    together. `arrive_seconds`: within which all viewers come. `nat`: how many gateways, 0 for IPv6."""

    viewers: int
    hours: float
    chat_rate: float = 0.0
    like_rate: float = 0.0
    join_rate: float = 0.0
    heartbeat_seconds: float = 60
    arrive_seconds: float = 300
    slices: int = 1
    posts_per_second: float = 8000
    low_latency: bool = False
    kafka: KafkaKind = "t3.small"
    nat: int = 1
    archive: Literal["provisioned", "on_demand"] = "on_demand"

    @property
    def seconds(self) -> float:
        """Of all shows together."""
        return self.hours * 3600

    @property
    def arrivals(self) -> float:
        """Handshakes in a month."""
        return self.viewers * self.hours / VISIT_HOURS + self.join_rate * self.seconds


@dataclass(frozen=True)
class Load:
    """An event a second, while it is on."""

    event: Event
    figures: Figures

    @property
    def heartbeats(self) -> float:
        """Frames that only say that somebody is there."""
        return self.event.viewers / self.event.heartbeat_seconds

    @property
    def frames_in(self) -> float:
        """What viewers send."""
        return self.event.chat_rate + self.event.like_rate + self.heartbeats

    @property
    def live_events(self) -> float:
        """Records of the live topic: chats, likes, and who comes and goes."""
        return self.event.chat_rate + self.event.like_rate + 2 * self.event.join_rate

    @property
    def saved_events(self) -> float:
        """Records of the save topic."""
        return self.live_events + self.heartbeats

    @property
    def ticks_wanted(self) -> float:
        """Ticks a slice would make: a batch begins with an event and gathers for a window, or while the one before is
        posted."""
        posting = self.event.viewers / self.event.slices / self.figures.assumed["posts_a_second_a_slice"]
        window = max(0.0 if self.event.low_latency else WINDOW_SECONDS, posting)
        return self.figures.assumed["ticks_factor"] * self.live_events / (1 + self.live_events * window)

    @property
    def posts_wanted(self) -> float:
        """POSTs if no rate bound them: ticks, and a welcome for each who joins."""
        return self.event.viewers * self.ticks_wanted + self.event.join_rate

    @property
    def posts(self) -> float:
        """POSTs that are made: the relays keep to their budget, and make larger ticks instead."""
        return min(self.posts_wanted, self.event.posts_per_second)

    @property
    def ticks(self) -> float:
        """Ticks that a viewer is sent."""
        return self.posts / self.event.viewers

    @property
    def frame_bytes_wanted(self) -> float:
        """A tick with all that was said since the one before."""
        if not self.ticks:
            return 0.0
        return (
            self.figures.assumed["tick_bytes"] + self.figures.assumed["chat_bytes"] * self.event.chat_rate / self.ticks
        )

    @property
    def frame_bytes(self) -> float:
        """A tick as it is sent, with the oldest chat left out of one that is too large."""
        return min(self.frame_bytes_wanted, self.figures.quotas["frame_bytes"].limit)

    @property
    def messages(self) -> float:
        """What API Gateway meters: POSTs, frames in, and an answer to each chat."""
        return self.posts + self.frames_in + self.event.chat_rate

    @property
    def relay_busy(self) -> float:
        """Relays at work, on average. Relays that wait for their budget are at work."""
        if self.posts < self.posts_wanted:
            return float(self.event.slices)
        assumed = self.figures.assumed
        overhead = self.ticks * self.event.slices * assumed["relay_seconds_a_tick"]
        return min(float(self.event.slices), self.posts / assumed["posts_a_second_a_slice"] + overhead)

    @property
    def archive_batches(self) -> float:
        """Batches of the archive: one a second at most."""
        return self.saved_events / (1 + self.saved_events)

    @property
    def writes(self) -> float:
        """Write request units: the room's, and watch time: its user's sum, which the index holds in its order (out and
        in again), and its bucket's."""
        credits_ = self.heartbeats + self.event.join_rate
        return self.room_writes + 3 * credits_ + min(BUCKETS * self.archive_batches, credits_)

    @property
    def room_writes(self) -> float:
        """Those to the one partition of the room: a chat, a join, a leave, and the likes of a batch."""
        likes = min(self.event.like_rate, self.archive_batches)
        return self.event.chat_rate + 2 * self.event.join_rate + likes

    @property
    def ecpu(self) -> float:
        """ElastiCache processing units, all in the room's slot."""
        assumed = self.figures.assumed
        scripts = self.frames_in + 2 * self.event.join_rate
        seats = self.event.viewers * self.ticks * assumed["ecpu_a_seat_a_tick"]
        return scripts * assumed["ecpu_a_frame"] + seats
