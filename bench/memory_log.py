"""A room log in memory. It hands records to the relay as Kafka's event source mapping does."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from functions.adapters.kafka.room_log import RoomLog
from functions.rooms.events import Event

Record = tuple[int | None, int | None, Event]  # offset, timestamp (ms) and event


class MemoryLog(RoomLog):
    """`live`: what was published to the live topic since the last `take`. The save topic is not kept."""

    def __init__(self) -> None:
        super().__init__(bootstrap="", live_topic="live", save_topic="save")
        self.live: list[Event] = []
        self._seq = 0

    async def publish_live(self, event: Event) -> Event:
        """Returns the event with its seq, as Kafka's answer does."""
        event = replace(event, seq=self._seq, logged_at=event.time)
        self._seq += 1
        self.live.append(event)
        return event

    async def publish_saved(self, event: Event) -> None:
        """Drop it: no bench reads the save topic."""

    def take(self, most: int | None = None) -> dict[str, Any]:
        """The published events, at most so many, as one invocation's event. They are then forgotten."""
        taken = self.live[:most]
        del self.live[: len(taken)]
        return batch(taken)


def batch(events: Sequence[Event]) -> dict[str, Any]:
    """Events that have their seq, as the event of one invocation."""
    return mapping_event("live", 0, ((event.seq, event.logged_at, replace(event, seq=None)) for event in events))


def mapping_event(
    topic: str, partition: int, records: Iterable[tuple[int | None, int | None, Event]]
) -> dict[str, Any]:
    """The event that an event source mapping invokes a function with."""
    held: list[dict[str, Any]] = [
        {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "timestamp": timestamp,
            "timestampType": "CREATE_TIME",
            "key": base64.b64encode(event.key()).decode(),
            "value": base64.b64encode(event.to_record()).decode(),
            "headers": [],
        }
        for offset, timestamp, event in records
    ]
    return {"eventSource": "aws:kafka", "records": {f"{topic}-{partition}": held}}
