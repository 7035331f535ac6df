"""Why a frame is refused: the codes of the protocol."""

from typing import Literal

Code = Literal[
    "bad_json",
    "bad_type",
    "bad_field",
    "too_long",
    "rate_limited",
    "slow_mode",
    "muted",
    "frozen",
    "rejected",
    "not_allowed",
    "unavailable",
]


class Refusal(Exception):
    """A frame that changes nothing and is not published.

    `retry_after` is whole seconds, only where waiting helps. `client_id` is the frame's own `id`, once it is known.
    """

    def __init__(self, code: Code, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.client_id: str | None = None
