"""What a WebSocket API is configured with: its names, routes, clocks and limits."""

from dataclasses import dataclass, field

from functions.manifest import FUNCTIONS, STAGE, Authorizer, Route
from local.aws.payloads import Api


@dataclass(frozen=True, kw_only=True)
class RouteTarget:
    """The function behind a route. `replies`: what it returns is sent back, a two-way route."""

    function: str
    replies: bool = False


@dataclass(frozen=True, kw_only=True)
class AuthorizerTarget:
    """The REQUEST authorizer; its identity sources are headers and query parameters, in AWS's notation."""

    function: str
    identity_sources: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for a source that is neither: the emulator knows no other."""
        for source in self.identity_sources:
            if not source.startswith(("route.request.querystring.", "route.request.header.")):
                raise ValueError(f"identity source {source!r} is not one the emulator knows")


def _routes() -> dict[str, RouteTarget]:
    triggers = ((function.name, function.trigger) for function in FUNCTIONS)
    return {
        trigger.key: RouteTarget(function=name, replies=trigger.replies)
        for name, trigger in triggers
        if isinstance(trigger, Route)
    }


def _authorizer() -> AuthorizerTarget | None:
    for function in FUNCTIONS:
        if isinstance(function.trigger, Authorizer):
            sources = function.trigger.identity_sources
            return AuthorizerTarget(function=function.name, identity_sources=sources)
    return None


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """One WebSocket API. Routes and authorizer come from the manifest unless given; None or no entry: none.

    `domain_name` is `host:port`, what handlers see as `requestContext.domainName`. `disconnect_loss` is the
    share (0 to 1) of `$disconnect` events that are lost. `outgoing_limit` is how many bytes may wait for one
    slow client.
    """

    domain_name: str
    stage: str = STAGE
    api_id: str = "local00000"
    region: str = "us-east-1"
    account_id: str = "000000000000"
    authorizer: AuthorizerTarget | None = field(default_factory=_authorizer)
    routes: dict[str, RouteTarget] = field(default_factory=_routes)
    idle_seconds: float = 600
    max_connection_seconds: float = 7200
    disconnect_loss: float = 0.0
    integration_timeout_seconds: float = 29
    outgoing_limit: int = 1024 * 1024

    @property
    def api(self) -> Api:
        """What the events say about this API."""
        return Api(
            region=self.region,
            account_id=self.account_id,
            api_id=self.api_id,
            stage=self.stage,
            domain_name=self.domain_name,
        )
