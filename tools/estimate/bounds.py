"""Which quota binds first: how much an event takes of each, with AWS's defaults."""

from dataclasses import dataclass

from tools.estimate.event import Event
from tools.estimate.figures import ASSUMED, DATA


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
    arriving = event.viewers / event.arrive_seconds + event.join_rate
    environments = _environments(event, arriving)
    used = {
        "requests_a_second": event.posts_wanted + event.frames_in + event.join_rate,
        "connections_a_second": arriving,
        "frame_bytes": event.frame_bytes_wanted,
        "lambda_concurrency": environments,
        "table_partition_writes": event.room_writes,
        "slot_ecpu_a_second": event.ecpu,
        "broker_connections": environments,
    }
    if event.kafka == "serverless":
        used["partition_bytes_a_second"] = max(event.live_events, event.saved_events) * ASSUMED["record_bytes"]
    quotas = [(DATA["quotas"][name], amount) for name, amount in used.items()]
    speed = event.slices * ASSUMED["posts_a_second_a_slice"]
    found = [
        *(Bound(quota["what"], amount, quota["value"], quota["raisable"]) for quota, amount in quotas),
        Bound("relays' budget, relay.posts_per_second", event.posts_wanted, event.posts_per_second, raisable=True),
        Bound("relays' own speed, by relay.slices", event.posts_wanted, speed, raisable=True),
    ]
    return sorted(found, key=lambda bound: bound.share, reverse=True)


def _environments(event: Event, arriving: float) -> float:
    """Execution environments at work while the viewers arrive."""
    doors = arriving * (ASSUMED["authorize_seconds"] + ASSUMED["connect_seconds"])
    leaving = event.join_rate * ASSUMED["disconnect_seconds"]
    reviewing = event.reviews * (ASSUMED["review_wait_seconds"] + ASSUMED["review_seconds"])
    return doors + leaving + event.frames_in * ASSUMED["message_seconds"] + reviewing + event.slices + 1
