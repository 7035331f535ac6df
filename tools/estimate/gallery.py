"""The gallery: what its readers ask of CloudFront, and what of that comes to the origin."""

import math
from dataclasses import dataclass

from functions.rooms.gallery import LARGE_SLOTS, QUIET_SLOTS, SLOTS_MS
from functions.rooms.history import RECENT
from functions.rooms.places import ADDRESS_MS
from tools.estimate.event import VISIT_HOURS, Event
from tools.estimate.figures import ASSUMED, price
from tools.estimate.line import Line, invoked

GIGABYTE = 1e9
# CloudFront compresses nothing smaller.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
LEAST_COMPRESSED = 1000
# Readers who accept gzip and readers who do not ask for different objects: infra/slot_cache.py.
ENCODINGS = 2
# What a place's call runs: one script takes the place, one looks at the room.
PLACE_SCRIPTS = 2


@dataclass(frozen=True)
class Gallery:
    """The gallery of an event that has readers. Rates are a second while the event lasts."""

    event: Event

    @property
    def answer_seconds(self) -> float:
        """Slots that an answer covers, on average: one, or two in a large room; up to five if nothing was said."""
        # Ticks come at even intervals. Relays at the limit of their budget make one in several seconds.
        silent = max(math.exp(-self.event.live_events), 1 - min(1.0, self.event.ticks))
        slots = sum(silent**quiet for quiet in range(QUIET_SLOTS))
        return max(slots, LARGE_SLOTS) if self.event.readers > self.event.spare_from else slots

    @property
    def requests(self) -> float:
        """Slots that readers ask for."""
        return self.event.readers / self.answer_seconds

    @property
    def busiest(self) -> float:
        """Requests in the busiest second. All ask for a slot within 300 ms of its end, whether each second or not."""
        return self.event.readers + self.calls

    @property
    def answer_bytes(self) -> float:
        """An answer's JSON: the ticks of its slots."""
        ticks = self.event.ticks * self.event.frame_bytes * self.answer_seconds
        return ASSUMED["slot_bytes"] + ticks

    @property
    def sent_bytes(self) -> float:
        """An answer as it goes to a reader, with its head."""
        packed = ASSUMED["compressed_share"] if self.answer_bytes >= LEAST_COMPRESSED else 1.0
        return self.answer_bytes * packed + ASSUMED["answer_head_bytes"]

    @property
    def takes(self) -> float:
        """Calls that ask where the viewer belongs. Each viewer makes one who comes, or goes back from a seat."""
        coming = self.event.viewers / (VISIT_HOURS * 3600) + self.event.join_rate
        return coming + self.event.lane_changes

    @property
    def leaves(self) -> float:
        """Calls that give a place up: of readers who go, or take a seat."""
        going = self.event.readers / (VISIT_HOURS * 3600) + self.event.join_rate * self.event.gallery
        return going + self.event.lane_changes

    @property
    def calls(self) -> float:
        """Calls of the HTTP API about places."""
        return self.takes + self.event.beats + self.leaves

    @property
    def asked(self) -> float:
        """Slots that the origin is asked for: each once for an encoding and key. Readers have the next key with their
        next renewal, so there are two keys until all have renewed."""
        keys = 1 + min(1.0, self.event.beat_seconds * 1000 / ADDRESS_MS)
        return ENCODINGS * keys / self.answer_seconds

    @property
    def shielded(self) -> float:
        """Requests of Regional caches to Origin Shield."""
        return self.asked * ASSUMED["regional_caches"]

    @property
    def slot_seconds(self) -> float:
        """What the function `gallery` takes for a request: a slot is asked for when it is over, and the answer waits
        for those behind it."""
        return ASSUMED["slot_seconds"] + self.answer_seconds - 1

    @property
    def ecpu(self) -> float:
        """ElastiCache processing units. A request reads its slots at the end of each; a tick is written once."""
        places = PLACE_SCRIPTS * (self.takes + self.event.beats) + self.leaves
        reads = self.asked * self.answer_seconds
        scripts = (places + reads + self.event.ticks) * ASSUMED["ecpu_a_frame"]
        return scripts + (reads * self.answer_bytes + self.event.ticks * self.event.frame_bytes) / 1000

    @property
    def kept_bytes(self) -> float:
        """The slots in Redis."""
        return self.event.ticks * self.event.frame_bytes * SLOTS_MS / 1000

    @property
    def transferred(self) -> float:
        """Bytes from CloudFront to readers. Who comes is told the room's newest chats."""
        history = self.takes * RECENT * ASSUMED["chat_bytes"]
        return self.requests * self.sent_bytes + self.calls * ASSUMED["place_bytes"] + history


def calls_of(event: Event) -> dict[str, tuple[float, float]]:
    """Invocations of a month for readers, and the seconds they take together, by function."""
    if not event.readers:
        return {}
    gallery = Gallery(event)
    asked, calls = gallery.asked * event.seconds, gallery.calls * event.seconds
    return {"gallery": (asked, asked * gallery.slot_seconds), "api": (calls, calls * ASSUMED["place_seconds"])}


def lines_of(event: Event) -> list[Line]:
    """What readers add to the bill as boxes of their own."""
    if not event.readers:
        return []
    gallery, month = Gallery(event), event.seconds
    to_readers = price("cdn_gb", gallery.transferred * month / GIGABYTE)
    to_origin = price("cdn_origin_gb", gallery.calls * ASSUMED["place_request_bytes"] * month / GIGABYTE)
    called = calls_of(event)
    return [
        Line("CloudFront: slots", 0, price("cdn_request", gallery.requests * month)),
        Line("CloudFront: calls of places", 0, price("cdn_request", gallery.calls * month)),
        Line("CloudFront: transfer", 0, to_readers + to_origin),
        Line("CloudFront: Origin Shield", 0, price("shield_request", gallery.shielded * month)),
        Line("HTTP API: slots, places", 0, price("http_request", (gallery.asked + gallery.calls) * month)),
        Line("Lambda: slots", 0, invoked("gallery", *called["gallery"])),
        Line("Lambda: places", 0, invoked("api", *called["api"])),
    ]
