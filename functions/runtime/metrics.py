"""What the functions count and measure, and the lines of their logs that CloudWatch makes metrics of.

METRICS is the one list of names: the functions emit them, and `infra/` shows them. The numbers of a batch or a call are
one line in the embedded metric format; without a number worth a line there is none.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

NAMESPACE = "LiveRooms"
# The values of one metric on a line. CloudWatch takes 100, and fewer show how the measurements are spread.
VALUES = 20

Unit = Literal["Count", "Milliseconds", "Seconds"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A name and its unit. The stage is a metric's dimension. With `per_slice` the slice is one too: the number is the
    same for all slices, or tells one from another. A `gauge` of 0 is worth a line; a count of 0 is not."""

    name: str
    unit: Unit = "Count"
    per_slice: bool = False
    gauge: bool = False


# The sweep, each minute, of all rooms.
SEATS = Metric(name="Seats", gauge=True)
ROOMS = Metric(name="Rooms", gauge=True)
SEATS_SWEPT = Metric(name="SeatsSwept")
PLACES = Metric(name="Places")
ROOMS_READ = Metric(name="RoomsWithPlaces")
PLACES_SWEPT = Metric(name="PlacesSwept")
WELCOMES_LATE = Metric(name="WelcomesLate")

# A relay's batch. Each slice reads every event, so events are told by slice and not added up.
EVENTS = Metric(name="Events", per_slice=True)
EVENTS_EXPIRED = Metric(name="EventsExpired", per_slice=True)
LAG = Metric(name="RelayLag", unit="Milliseconds", per_slice=True, gauge=True)
FRAMES = Metric(name="Frames")
POST_LATENCY = Metric(name="PostLatency", unit="Milliseconds", per_slice=True)
RECORDS_BROKEN = Metric(name="RecordsBroken", per_slice=True)
OBJECTS_TOO_LARGE = Metric(name="ObjectsTooLarge", per_slice=True)
POSTS_GONE = Metric(name="PostsGone")
POSTS_THROTTLED = Metric(name="PostsThrottled")
POSTS_TOO_LARGE = Metric(name="PostsTooLarge")
POSTS_FORBIDDEN = Metric(name="PostsForbidden")
POSTS_FAILED = Metric(name="PostsFailed")
SEATS_GONE = Metric(name="SeatsGone")
SEATS_BEHIND = Metric(name="SeatsBehind")
GAPS = Metric(name="Gaps")
# Objects that a viewer was not shown one by one, counted per viewer: folded into one, or left out of an overfull tick.
LIKES_FOLDED = Metric(name="LikesFolded")
CROWD_FOLDED = Metric(name="CrowdFolded")
CROWD_LEFT_OUT = Metric(name="CrowdLeftOut")
CHATS_LEFT_OUT = Metric(name="ChatsLeftOut")
NOTICES_LEFT_OUT = Metric(name="NoticesLeftOut")

# An archive's batch.
STORED = Metric(name="ItemsStored")
UNSTORED = Metric(name="ItemsUnstored")
SET_ASIDE = Metric(name="RecordsSetAside")
REPEATED = Metric(name="RecordsRepeated")
OVERWRITES = Metric(name="OverwritesRefused")
ARCHIVE_LAG = Metric(name="ArchiveLag", unit="Milliseconds", gauge=True)
WATCH_CREDITS = Metric(name="WatchCredits")
WATCHED = Metric(name="WatchedSeconds", unit="Seconds")

# A request for slots that no cache has answered.
GALLERY_REQUESTS = Metric(name="GalleryRequests")
GALLERY_REFUSED = Metric(name="GalleryRefused")
SLOTS_LATE = Metric(name="SlotsLate")
SLOT_GAPS = Metric(name="SlotGaps")

# A frame or a handshake, when there is something to tell.
FRAMES_REFUSED = Metric(name="FramesRefused")
WORDS_MASKED = Metric(name="WordsMasked")
WORDS_REJECTED = Metric(name="WordsRejected")
REVIEWS_ASKED = Metric(name="ReviewsAsked")
REVIEWS_DENIED = Metric(name="ReviewsDenied")
REVIEWS_CHANGED = Metric(name="ReviewsChanged")
REVIEWS_FAILED = Metric(name="ReviewsFailed")
REVIEW_LATENCY = Metric(name="ReviewLatency", unit="Milliseconds")
TOKENS_REFUSED = Metric(name="TokensRefused")
JOINS_REFUSED = Metric(name="JoinsRefused")
SEATS_REPLACED = Metric(name="SeatsReplaced")
FLOODS = Metric(name="Floods")
STATE_AWAY = Metric(name="StateUnavailable")
LOG_AWAY = Metric(name="LogUnavailable")

METRICS: tuple[Metric, ...] = tuple(one for one in list(globals().values()) if isinstance(one, Metric))

Number = float | Sequence[float]


def write_line(line: str) -> None:
    """Write to stdout at once and in one piece: each line becomes a log event."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Emits a function's numbers for this stage and slice."""

    stage: str = "local"
    slice: int = 0
    write: Callable[[str], object] = write_line
    clock: Callable[[], float] = time.time

    def emit(self, numbers: Mapping[Metric, Number], **fields: str) -> None:
        """Write one line with these numbers. `fields` are on the line for searches of the log, and in no metric."""
        worth = {metric: value for metric, value in numbers.items() if metric.gauge or value}
        if worth:
            self.write(json.dumps(self._document(worth, fields), separators=(",", ":")))

    def _document(self, numbers: Mapping[Metric, Number], fields: Mapping[str, str]) -> dict[str, Any]:
        sliced = [metric for metric in numbers if metric.per_slice]
        plain = [metric for metric in numbers if not metric.per_slice]
        directives = [_directive(plain, "stage")] if plain else []
        directives += [_directive(sliced, "stage", "slice")] if sliced else []
        names = {"stage": self.stage} | ({"slice": str(self.slice)} if sliced else {})
        values = {metric.name: _rounded(value) for metric, value in numbers.items()}
        timestamp = int(self.clock() * 1000)
        return {"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": directives}, **fields, **names, **values}


# For parts that tests and benches make by hand: their numbers are nobody's metrics.
SILENT = Meter(write=lambda line: None)


def _directive(metrics: Sequence[Metric], *dimensions: str) -> dict[str, Any]:
    named = [{"Name": metric.name, "Unit": metric.unit} for metric in metrics]
    return {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": named}


def _rounded(value: Number) -> float | list[float]:
    if isinstance(value, Sequence):
        return [round(one, 2) for one in spread(value)]
    return round(value, 2)


def spread(values: Sequence[float], most: int = VALUES) -> list[float]:
    """At most `most` of the values, sorted, with the spread of all of them; the largest is always among them."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return ordered
    return [ordered[(2 * index + 1) * len(ordered) // (2 * most)] for index in range(most - 1)] + ordered[-1:]
