"""A Lambda function as the emulator sees it: what it is, what invoking it means and how it can fail."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]

Invoke = Callable[[str, JsonObject], Awaitable[Any]]
"""invoke(function name, event) -> what the function returned, as JSON has it; raises FunctionError."""


class FunctionError(Exception):
    """The function raised, timed out, crashed or could not be initialised.

    `error_type` and `message` are what Lambda puts into `errorType` and `errorMessage` of the response.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """One function. `handler` is `module.attribute`; at most `max_environments` invocations run at once."""

    name: str
    handler: str
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, str]
    max_environments: int = 4
