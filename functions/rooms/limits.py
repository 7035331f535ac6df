"""How much of a room one user may take."""

from dataclasses import dataclass, field

from functions.rooms.answers import Rate


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one user in one room: `seats` at once, the rate of `joins`, and so many `refusals` within `refusals_ms`, on
    all connections together, that make a flood."""

    seats: int = 5
    joins: Rate = field(default_factory=lambda: Rate(burst=10, per_second=0.2))
    refusals: int = 100
    refusals_ms: int = 10_000
