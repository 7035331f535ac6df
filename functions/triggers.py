"""What triggers a function: the kinds of triggers that a row of functions/manifest.py may have."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Authorizer:
    """Invoked before `$connect`. Every later event of the connection carries the context that it returns."""

    identity_sources: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """A route of the WebSocket API. `replies`: the client gets the function's result as a frame."""

    key: Literal["$connect", "$default", "$disconnect"]
    replies: bool = False


@dataclass(frozen=True)
class Topic:
    """A Kafka topic read through an event source mapping, once per slice if `per_slice`."""

    name: str
    batch_size: int
    window_ms: int
    per_slice: bool = False


@dataclass(frozen=True)
class Schedule:
    """Invoked every `seconds`: whole minutes on AWS, anything above 0 in the emulator."""

    seconds: int


@dataclass(frozen=True)
class HttpRoutes:
    """The routes of an HTTP API, in API Gateway's path syntax: `path` with every method, and keys of routes under it
    that are throttled apart. `moderation`: what moderators need, so that nobody who spends the budget of the others
    keeps moderators from acting. `viewers`: for viewers who are not let in, or read in the gallery, so that they do not
    spend the budget of the platform."""

    path: str
    moderation: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """Invoked when the stack is deployed, and by nobody else."""


Trigger = Authorizer | Route | Topic | Schedule | HttpRoutes | Deployment
