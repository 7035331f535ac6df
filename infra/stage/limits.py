"""The tables `rates`, `throttles` and `reserved`: how much users, clients and functions may take."""

from typing import Annotated

from pydantic import Field

from infra.stage.part import Part
from infra.stage.types import Count, PerSecond


class Rates(Part):
    """What one user may take of one room. Token buckets of chats, of other frames and of handshakes: so many at once
    (burst), and so many a second after that. A user has `seats_per_user` connections; a further one takes the place of
    the oldest. A user whose frames are refused `flood_refusals` times within `flood_seconds` is cut off."""

    chat_burst: Count = 5
    chat_per_second: PerSecond = 1.0
    other_burst: Count = 5
    other_per_second: PerSecond = 2.0
    join_burst: Count = 10
    join_per_second: PerSecond = 0.2
    seats_per_user: Count = 5
    flood_refusals: Count = 100
    flood_seconds: Annotated[int, Field(ge=1, le=60)] = 10


class Throttle(Part):
    """What an API's stage accepts from all clients together: requests a second, and requests at once (burst)."""

    per_second: Count
    burst: Count


class Throttles(Part):
    """Of the WebSocket API (handshakes and frames), of the platform's HTTP API, and of each of the HTTP API's calls for
    moderators, which `http` does not count."""

    websocket: Throttle
    http: Throttle
    moderation: Throttle


class Reserved(Part):
    """The reserved concurrency of functions, None for the account's own limit.

    Each new execution environment opens connections to the brokers, which accept few at once: a limit here bounds such
    a burst. AWS refuses a reservation that leaves fewer than 100 of the account's environments for other functions.
    """

    connect: Count | None = None
    message: Count | None = None
    disconnect: Count | None = None
    api: Count | None = None
