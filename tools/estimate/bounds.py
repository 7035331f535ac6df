"""Which quota binds first: how much an event takes of each, with AWS's defaults."""

from dataclasses import dataclass

from tools.estimate.event import Event
from tools.estimate.figures import ASSUMED, DATA
from tools.estimate.gallery import Gallery


@dataclass(frozen=True)
class Bound:
    """How much of a limit is used. `raisable`: AWS raises it on request, or it is a setting of the stage."""

    what: str
    used: float
    limit: float
    raisable: bool

    @property
    def share(self) -> float:
        return self.used / self.limit


def bounds(event: Event) -> list[Bound]:
    """Every limit, the one that is used most first."""
    arriving = event.seats / event.arrive_seconds + event.seat_joins
    environments = _environments(event, arriving)
    used = {
        "requests_a_second": event.posts_wanted + event.frames_in + event.seat_joins,
        "connections_a_second": arriving,
        "frame_bytes": event.frame_bytes_wanted,
        "lambda_concurrency": environments,
        "table_partition_writes": event.room_writes,
        "slot_ecpu_a_second": event.ecpu,
        "broker_connections": environments,
    }
    if event.kafka == "serverless":
        used["partition_bytes_a_second"] = max(event.live_events, event.saved_events) * ASSUMED["record_bytes"]
    if event.readers:
        _add_gallery(used, event)
    quotas = [(DATA["quotas"][name], amount) for name, amount in used.items()]
    speed = event.slices * ASSUMED["posts_a_second_a_slice"]
    found = [
        *(Bound(quota["what"], amount, quota["value"], quota["raisable"]) for quota, amount in quotas),
        Bound("relays' budget, relay.posts_per_second", event.posts_wanted, event.posts_per_second, raisable=True),
        Bound("relays' own speed, by relay.slices", event.posts_wanted, speed, raisable=True),
    ]
    return sorted(found, key=lambda bound: bound.share, reverse=True)


def _add_gallery(used: dict[str, float], event: Event) -> None:
    """Add what readers take. All viewers ask for a place when they come."""
    gallery = Gallery(event)
    placing = (event.viewers / event.arrive_seconds + gallery.calls) * ASSUMED["place_seconds"]
    used["requests_a_second"] += gallery.calls + gallery.asked
    used["lambda_concurrency"] += placing + gallery.asked * gallery.slot_seconds
    used["broker_connections"] += placing
    used["slot_ecpu_a_second"] += gallery.ecpu
    used["cdn_requests_a_second"] = gallery.busiest
    used["cdn_megabits_a_second"] = gallery.busiest * gallery.sent_bytes * 8 / 1e6


def _environments(event: Event, arriving: float) -> float:
    """Execution environments at work while the viewers arrive."""
    doors = arriving * (ASSUMED["authorize_seconds"] + ASSUMED["connect_seconds"])
    leaving = event.seat_joins * ASSUMED["disconnect_seconds"]
    reviewing = event.reviews * (ASSUMED["review_wait_seconds"] + ASSUMED["review_seconds"])
    return doors + leaving + event.frames_in * ASSUMED["message_seconds"] + reviewing + event.slices + 1
