"""The settings of a WebSocket API: its names, routes, durations and limits."""

from dataclasses import dataclass, field

from functions.manifest import FUNCTIONS
from functions.triggers import Authorizer, Route
from local.aws.payloads import Api


@dataclass(frozen=True, kw_only=True)
class RouteTarget:
    """The function behind a route. `replies`: the route is two-way, so the function's result is sent back."""

    function: str
    replies: bool = False


@dataclass(frozen=True, kw_only=True)
class AuthorizerTarget:
    """The REQUEST authorizer; its identity sources are headers and query parameters, in AWS's notation."""

    function: str
    identity_sources: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for another kind of source: the emulator does not know it."""
        for source in self.identity_sources:
            if not source.startswith(("route.request.querystring.", "route.request.header.")):
                raise ValueError(f"identity source {source!r} is not one the emulator knows")


def _routes() -> dict[str, RouteTarget]:
    return {
        row.trigger.key: RouteTarget(function=row.name, replies=row.trigger.replies)
        for row in FUNCTIONS
        if isinstance(row.trigger, Route)
    }


def _authorizer() -> AuthorizerTarget | None:
    for row in FUNCTIONS:
        if isinstance(row.trigger, Authorizer):
            return AuthorizerTarget(function=row.name, identity_sources=row.trigger.identity_sources)
    return None


@dataclass(frozen=True, kw_only=True)
class GatewayConfig(Api):
    """One WebSocket API. Routes and authorizer come from the manifest unless they are given; None: no authorizer.

    `disconnect_loss` is the share (0 to 1) of `$disconnect` events that are lost. `outgoing_limit` is how many bytes
    may wait for one slow client, `messages_at_once` how many frames of one client may wait for their function.
    """

    authorizer: AuthorizerTarget | None = field(default_factory=_authorizer)
    routes: dict[str, RouteTarget] = field(default_factory=_routes)
    idle_seconds: float = 600
    max_connection_seconds: float = 7200
    disconnect_loss: float = 0.0
    integration_timeout_seconds: float = 29
    outgoing_limit: int = 1024 * 1024
    messages_at_once: int = 50
