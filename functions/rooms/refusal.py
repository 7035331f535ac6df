"""Why a frame is refused: the codes of the protocol."""

from typing import Literal

# What the room refuses, and what is refused before it comes to the room.
StateCode = Literal["rate_limited", "slow_mode", "muted", "frozen", "denied", "unavailable"]
FrameCode = Literal["bad_json", "bad_type", "bad_field", "too_long", "rejected", "not_allowed"]
Code = StateCode | FrameCode


class Refusal(Exception):
    """A frame that changes nothing and is not published.

    `retry_after` is in whole seconds; None if waiting does not help. `client_id` is the frame's `id`, if it is known.
    """

    def __init__(self, code: Code, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.client_id: str | None = None
