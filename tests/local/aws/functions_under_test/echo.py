"""Functions that tell about themselves and their event."""

import os
import sys
from typing import Any


def handler(event: Any, context: Any) -> Any:
    return event


def about(event: Any, context: Any) -> dict[str, Any]:
    """What the function can see of itself, and its process id."""
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "path": sys.path,
    }


def speak(event: dict[str, Any], context: Any) -> None:
    """Write to stdout and stderr, some of it not UTF-8."""
    print("to stdout: é")
    print("to stderr", file=sys.stderr)
    os.write(1, b"raw \xff\x00 bytes\n")
    os.write(1, b"no line end")


def large(event: dict[str, Any], context: Any) -> str:
    """Return as many characters as the event asks for."""
    return "x" * int(event["characters"])
