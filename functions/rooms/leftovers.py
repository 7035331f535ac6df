"""What is not erased with a user, because it goes by itself: where it is, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# The connections of a user who was cut off are refused for so long. What else Redis has of a user goes earlier, once
# they are in no room.
REDIS_MS = 125 * 60_000
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
BACKUP_MS = 35 * DAY_MS
# The longest that SQS keeps a message.
QUEUE_MS = 14 * DAY_MS


@dataclass(frozen=True)
class Leftover:
    """`what` is left `where`, for so many ms at most, None if nobody knows."""

    where: str
    what: str
    ms: int | None


def leftovers(
    *, live_topic: str, save_topic: str, live_minutes: int | None, save_hours: int | None, log_days: int | None
) -> Iterator[Leftover]:
    """All of it, where the topics and the logs are kept for so long; None if that is not known."""
    records = "records of what the user did; Kafka deletes them some time later, by segments"
    yield Leftover(live_topic, records, None if live_minutes is None else live_minutes * 60_000)
    yield Leftover(save_topic, records, None if save_hours is None else save_hours * HOUR_MS)
    yield Leftover("Redis", "the history, results of frames and rates; seats while the user is there", REDIS_MS)
    yield Leftover("mutes and bans that the user gave", "who gave them, until they are over or lifted", None)
    yield Leftover("the archive's failure queue", "records that could not be stored, if there are any", QUEUE_MS)
    yield Leftover("the table's point-in-time recovery", "erase again in a table that is restored from it", BACKUP_MS)
    yield Leftover(
        "logs",
        "addresses and connection ids of all who connected; at level INFO who banned whom from all rooms",
        None if log_days is None else log_days * DAY_MS,
    )
