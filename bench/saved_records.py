"""What a room writes to the save topic: heartbeats, chats and likes."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from bench.memory_log import mapping_event
from functions.manifest import SAVE_TOPIC
from functions.parts import clock
from functions.rooms.events import Chat, Event, Heartbeat, Like, Who
from functions.rooms.watch_time import Stretch
from functions.runtime.entry import JsonObject

HEARTBEAT_SECONDS = 60
# The reference room's, a second.
CHATS, LIKES = 50, 200


def a_second(viewers: int) -> float:
    """The records of one second of a room."""
    return viewers / HEARTBEAT_SECONDS + CHATS + LIKES


def batch(viewers: int, records: int, numbers: Iterator[int]) -> JsonObject:
    """The next records of a room, as the event of one invocation. Their offsets come from `numbers`."""
    taken = islice(numbers, records)
    return mapping_event(SAVE_TOPIC, 3, ((number, clock(), _event(viewers, number)) for number in taken))


def _event(viewers: int, number: int) -> Event:
    """Chats, likes and heartbeats in the proportion of their rates. Each viewer's heartbeat comes once a round."""
    user = f"user{number % viewers}"
    turn = number * 7919 % a_second(viewers)  # a prime mixes the kinds
    time, who = clock(), Who(user_id=user, username=user.title())
    shared: dict[str, Any] = {"activity_id": 42, "time": time, "who": who, "online": viewers, "likes": number}
    if turn < CHATS:
        return Chat(**shared, content=f"chat {number} {'x' * 40}", seq=number)
    if turn < CHATS + LIKES:
        return Like(**shared)
    # The table is empty, so a stretch adds all of itself: what a heartbeat adds.
    stretch = Stretch(time - HEARTBEAT_SECONDS * 1000, time, HEARTBEAT_SECONDS * 1000)
    return Heartbeat(**shared, **stretch.fields())
