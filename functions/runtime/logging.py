"""The room in each line of the log.

Lambda's runtime client writes the lines: as JSON objects on AWS, as text in the emulator. Its JSON formatter adds each
attribute of a record that is not one of Python's own to the object, unless the attribute is None.
https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_log_utils.py
"""

import logging
import re
from typing import Any

JsonObject = dict[str, Any]

_ACTIVITY = re.compile(r"/api/activities/(\d{1,20})(?:/|$)")
_DIGITS = re.compile(r"\d{1,20}")


class RoomFilter(logging.Filter):
    """Gives each record the attribute `room`: the room of the last event that `belong_to` was called with."""

    def __init__(self) -> None:
        super().__init__()
        self._room: str | None = None

    def belong_to(self, event: JsonObject) -> None:
        """All records until the next call belong to this event."""
        self._room = room_of(event)

    def filter(self, record: logging.LogRecord) -> bool:
        # From Python 3.12 on a record has its asyncio task's name, which is a number that tells nobody anything.
        record.__dict__.update(room=self._room, taskName=None)
        return True


def room_of(event: JsonObject) -> str | None:
    """The room of an event of API Gateway; None where the event is about no room, or about several."""
    request = event.get("requestContext") or {}
    authorized = (request.get("authorizer") or {}).get("activityId")
    asked = (event.get("queryStringParameters") or {}).get("activityId")
    for known in (authorized, asked):
        if isinstance(known, str) and _DIGITS.fullmatch(known):
            return known
    called = _ACTIVITY.match(str(event.get("rawPath")))
    return called[1] if called else None
