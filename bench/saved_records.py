"""What a room leaves in the save topic: heartbeats, chats and likes."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from functions.entry import JsonObject
from functions.manifest import SAVE_TOPIC
from functions.parts import clock
from functions.rooms import events
from functions.rooms.events import Event

HEARTBEAT_SECONDS = 60
# The reference room's a second; viewers beat besides.
CHATS, LIKES = 50, 200


def a_second(viewers: int) -> float:
    """The records of a second of a room."""
    return viewers / HEARTBEAT_SECONDS + CHATS + LIKES


def batch(viewers: int, records: int, numbers: Iterator[int]) -> JsonObject:
    """The next records of a room, numbered as told, as the mapping hands them over."""
    held = [_record(viewers, number) for number in islice(numbers, records)]
    return {"eventSource": "aws:kafka", "records": {f"{SAVE_TOPIC}-3": held}}


def _record(viewers: int, number: int) -> JsonObject:
    return {
        "topic": SAVE_TOPIC,
        "partition": 3,
        "offset": number,
        "timestamp": clock(),
        "timestampType": "CREATE_TIME",
        "key": "NDI=",
        "value": base64.b64encode(_event(viewers, number).to_record()).decode(),
        "headers": [],
    }


def _event(viewers: int, number: int) -> Event:
    """Chats, likes and heartbeats take turns in the proportion of their rates; everybody beats once a round."""
    user = f"user{number % viewers}"
    turn = number * 7919 % a_second(viewers)  # a prime, so that kinds are mixed
    event = Event(activity_id=42, type=events.HEARTBEAT, time=clock(), user_id=user, username=user.title())
    if turn < CHATS:
        return replace(event, type=events.CHAT, content=f"chat {number} {'x' * 40}", seq=number)
    if turn < CHATS + LIKES:
        return replace(event, type=events.LIKE, likes=number)
    return replace(event, watch_seconds=float(HEARTBEAT_SECONDS))
