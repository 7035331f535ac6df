"""A room log that keeps what is published, and hands it to the relay as Kafka's event source mapping does."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from functions.adapters.room_log import RoomLog
from functions.rooms.events import Event


class MemoryLog(RoomLog):
    """`live` holds what was published to the live topic since the last `take`; the save topic is let go."""

    def __init__(self) -> None:
        super().__init__(bootstrap="", live_topic="live", save_topic="save")
        self.live: list[Event] = []
        self._seq = 0

    async def publish_live(self, event: Event) -> Event:
        """Keep it."""
        event = replace(event, seq=self._seq, logged_at=event.time)
        self._seq += 1
        self.live.append(event)
        return event

    async def publish_saved(self, event: Event) -> None:
        """Nobody reads it."""

    def take(self) -> dict[str, Any]:
        """What is kept, as the event of one invocation; then nothing is kept any more."""
        taken, self.live = self.live, []
        return batch(taken)


def batch(events: Sequence[Event]) -> dict[str, Any]:
    """Events that have their seq, as an event of the event source mapping."""
    records: list[dict[str, Any]] = [
        {
            "topic": "live",
            "partition": 0,
            "offset": event.seq,
            "timestamp": event.logged_at,
            "timestampType": "CREATE_TIME",
            "value": base64.b64encode(replace(event, seq=None).to_record()).decode(),
            "headers": [],
        }
        for event in events
    ]
    return {"eventSource": "aws:kafka", "records": {"live-0": records}}
