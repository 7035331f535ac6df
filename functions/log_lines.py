"""Log lines: JSON objects in Lambda, each with the invocation and the room it belongs to; elsewhere as they come.

The lines are those of Powertools' Logger. To import it makes a cold start longer by a twentieth, and most environments
never have anything to say, so it is imported with the first line.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO, get_args

from functions.settings import LogLevel

JsonObject = dict[str, Any]

SERVICE = "live-rooms"
DEFAULT: LogLevel = "WARNING"
# The modules that the first line waits for.
LATE_IMPORTS = ("aws_lambda_powertools.logging.formatter",)

_ACTIVITY = re.compile(r"/api/activities/(\d{1,20})(?:/|$)")
_DIGITS = re.compile(r"\d{1,20}")


class LogLines:
    """The log of one function. `environment` says whether it is written as JSON, and from which level on."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._lines: JsonLines | None = None

    def belong_to(self, event: JsonObject, context: object) -> None:
        """Have every line until the next call say that it belongs to this invocation."""
        # AWS_LAMBDA_LOG_FORMAT is what the function's logging configuration says, as its runtime reads it.
        if self._environment.get("AWS_LAMBDA_LOG_FORMAT") != "JSON":
            return
        if self._lines is None:
            self._lines = JsonLines(sys.stdout)
            root = logging.getLogger()
            root.handlers[:] = [self._lines]
            root.setLevel(level_in(self._environment))
        self._lines.about = about(event, context)


class JsonLines(logging.StreamHandler[TextIO]):
    """Writes each line as a JSON object that also holds what is in `about`."""

    about: Mapping[str, str] = {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        if self.formatter is None:
            from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

            # Lambda takes over a time that RFC 3339 would take, and no other.
            # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
            # And text stays text, also where it could be read as JSON.
            self.formatter = LambdaPowertoolsFormatter(
                utc=True, use_rfc3339=True, service=SERVICE, json_deserializer=str
            )
        record.__dict__.update(self.about, logger=record.name)
        return super().format(record)


def level_in(environment: Mapping[str, str]) -> str:
    """The level that LOG_LEVEL names; the default where it names none, which the settings refuse."""
    named = environment.get("LOG_LEVEL", DEFAULT)
    return named if named in get_args(LogLevel) else DEFAULT


def about(event: JsonObject, context: object) -> dict[str, str]:
    """What there is to say of an invocation, under the names that Powertools has for it; `room` where one is known."""
    said = {
        "function_name": getattr(context, "function_name", None),
        "function_request_id": getattr(context, "aws_request_id", None),
        "room": room_of(event),
    }
    return {key: str(value) for key, value in said.items() if value}


def room_of(event: JsonObject) -> str | None:
    """The room that an event of API Gateway's is about, "" or None where it is about none, or about several."""
    request = event.get("requestContext") or {}
    authorized = (request.get("authorizer") or {}).get("activityId")
    asked = (event.get("queryStringParameters") or {}).get("activityId")
    for known in (authorized, asked):
        if isinstance(known, str) and _DIGITS.fullmatch(known):
            return known
    called = _ACTIVITY.match(str(event.get("rawPath")))
    return called[1] if called else None
