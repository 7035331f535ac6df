"""The table of functions: what triggers each, how long and how large it may be, what it needs.

`infra/` builds the stack from it, `local/` runs the emulator from it and `tests/` checks both against it,
so what the gateway, the emulator and the stack must agree on stands here once.
"""

from dataclasses import dataclass
from typing import Literal

STAGE = "websocket"
LIVE_TOPIC = "liveMessageTopic"
SAVE_TOPIC = "saveLiveMessageTopic"
PARTITIONS = 12
# What functions may do in Redis, as access rules: https://valkey.io/topics/acl/. No command that is dangerous, but for
# asking where the slots are, which a cluster's client begins with and which older servers count among them.
REDIS_ACCESS = "on ~* -@all +@read +@write +@connection +eval +evalsha +time -@dangerous +cluster|slots"

Need = Literal["redis", "kafka", "connections", "table"]


@dataclass(frozen=True)
class Authorizer:
    """Asked before `$connect`; what it puts into its context rides on every later event of the connection."""

    identity_sources: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """A route of the WebSocket API. `replies`: what the function returns is sent back as a frame."""

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
    """Invoked every `seconds`."""

    seconds: int


@dataclass(frozen=True)
class HttpRoutes:
    """An HTTP API route, API Gateway's path syntax."""

    path: str


@dataclass(frozen=True)
class Deployment:
    """Invoked when the stack is deployed, and by nobody else."""


Trigger = Authorizer | Route | Topic | Schedule | HttpRoutes | Deployment


@dataclass(frozen=True, kw_only=True)
class Function:
    """One Lambda function: `handler` is `module.attribute`, `packages` are dependency groups of pyproject.toml."""

    name: str
    handler: str
    trigger: Trigger
    timeout_seconds: int
    memory_mb: int
    needs: frozenset[Need]
    packages: tuple[str, ...] = ("room", "seen")


FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="authorize",
        handler="functions.authorize.handler",
        # activityId alone: whatever else is missing is told apart by the function itself.
        trigger=Authorizer(identity_sources=("route.request.querystring.activityId",)),
        timeout_seconds=5,
        memory_mb=512,
        needs=frozenset(),
        packages=("tokens", "seen"),
    ),
    Function(
        name="connect",
        handler="functions.connect.handler",
        trigger=Route("$connect"),
        timeout_seconds=15,
        memory_mb=1024,
        needs=frozenset({"redis", "kafka"}),
        packages=("room", "words", "seen"),
    ),
    Function(
        name="message",
        handler="functions.message.handler",
        trigger=Route("$default", replies=True),
        timeout_seconds=25,
        memory_mb=1024,
        needs=frozenset({"redis", "kafka"}),
        packages=("room", "words", "seen"),
    ),
    Function(
        name="disconnect",
        handler="functions.disconnect.handler",
        trigger=Route("$disconnect"),
        timeout_seconds=15,
        memory_mb=512,
        needs=frozenset({"redis", "kafka"}),
    ),
    Function(
        name="relay",
        handler="functions.relay.handler",
        trigger=Topic(LIVE_TOPIC, batch_size=5000, window_ms=500, per_slice=True),
        timeout_seconds=60,
        memory_mb=1769,
        needs=frozenset({"redis", "kafka", "connections"}),
        packages=("room", "post", "seen"),
    ),
    Function(
        name="archive",
        handler="functions.archive.handler",
        # A second of a room of 100,000.
        trigger=Topic(SAVE_TOPIC, batch_size=2000, window_ms=1000),
        timeout_seconds=60,
        # A whole CPU: a room's batches come one after another, and must not come faster than they are stored.
        memory_mb=1769,
        needs=frozenset({"table"}),
        packages=("post", "seen"),
    ),
    Function(
        name="sweep",
        handler="functions.sweep.handler",
        trigger=Schedule(seconds=60),
        timeout_seconds=50,
        memory_mb=512,
        needs=frozenset({"redis", "kafka"}),
    ),
    Function(
        name="api",
        handler="functions.api.handler",
        trigger=HttpRoutes("/api/{proxy+}"),
        timeout_seconds=15,
        memory_mb=1024,
        needs=frozenset({"redis", "kafka", "connections", "table"}),
        packages=("room", "post", "api", "tokens", "words", "seen"),
    ),
)

# No part of a room: it makes the topics in a stack that cannot make them otherwise.
TOPICS = Function(
    name="topics",
    handler="functions.topics.handler",
    trigger=Deployment(),
    timeout_seconds=300,
    memory_mb=512,
    needs=frozenset({"kafka"}),
)
