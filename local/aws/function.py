"""A Lambda function: what it is, how it is invoked and how it can fail."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]

Invoke = Callable[[str, JsonObject], Awaitable[Any]]
"""invoke(function name, event) -> the function's result, read from JSON; raises FunctionError."""


class FunctionError(Exception):
    """The function raised, timed out, crashed or could not be initialised.

    `error_type` and `message` are `errorType` and `errorMessage` of Lambda's response.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """One function. `handler` is `module.attribute`; at most `max_environments` invocations run at once. `root` is the
    folder that its imports begin at, unless that is the emulator's own. `nice` is how much nicer its processes
    are than the emulator: where there is too little CPU, those with 0 go first."""

    name: str
    handler: str
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, str]
    max_environments: int = 4
    root: Path | None = None
    nice: int = 0
