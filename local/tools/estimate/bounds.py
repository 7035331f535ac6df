"""Which quota binds first: what an event takes of each, by AWS's defaults."""

from dataclasses import dataclass

from local.tools.estimate.event import Load


@dataclass(frozen=True)
class Bound:
    """How much of a limit is used. `raisable`: AWS raises it on request, or it is a setting of ours."""

    what: str
    used: float
    limit: float
    raisable: bool

    @property
    def share(self) -> float:
        """1 is all of it."""
        return self.used / self.limit


def bounds(load: Load) -> list[Bound]:
    """Every limit, what is nearest to it first."""
    event, assumed = load.event, load.figures.assumed
    slot = load.figures.quotas["slot_ecpu_a_second"]
    environments = _environments(load)
    found = [
        _quota(load, "requests_a_second", load.posts_wanted + load.frames_in + event.join_rate),
        _quota(load, "connections_a_second", _arriving(load)),
        _quota(load, "frame_bytes", load.frame_bytes_wanted),
        _quota(load, "lambda_concurrency", environments),
        _quota(load, "table_partition_writes", load.room_writes),
        Bound(slot.what, load.ecpu, slot.limit, slot.raisable),
        _quota(load, "broker_connections", environments),
        Bound("relays' budget, relay.posts_per_second", load.posts_wanted, event.posts_per_second, raisable=True),
        Bound(
            "relays' own speed, by relay.slices",
            load.posts_wanted,
            event.slices * assumed["posts_a_second_a_slice"],
            raisable=True,
        ),
    ]
    if event.kafka == "serverless":
        written = max(load.live_events, load.saved_events) * assumed["record_bytes"]
        found.append(_quota(load, "partition_bytes_a_second", written))
    return sorted(found, key=lambda bound: bound.share, reverse=True)


def _quota(load: Load, name: str, used: float) -> Bound:
    quota = load.figures.quotas[name]
    return Bound(quota.what, used, quota.limit, quota.raisable)


def _arriving(load: Load) -> float:
    return load.event.viewers / load.event.arrive_seconds + load.event.join_rate


def _environments(load: Load) -> float:
    """Environments at work while viewers come."""
    assumed = load.figures.assumed
    doors = _arriving(load) * (assumed["authorize_seconds"] + assumed["connect_seconds"])
    leaving = load.event.join_rate * assumed["disconnect_seconds"]
    return doors + leaving + load.frames_in * assumed["message_seconds"] + load.event.slices + 1
