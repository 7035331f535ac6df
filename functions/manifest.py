"""The table of functions: what triggers each, how long and how large it may be, what it needs.

`infra/` builds the stack from this table, `local/` runs the emulator from it, and `tests/` checks both against it. So
everything that the gateway, the emulator and the stack must agree on stands here once.
"""

from dataclasses import dataclass
from typing import Literal

from functions.triggers import Authorizer, Deployment, HttpRoutes, Route, Schedule, Topic, Trigger

STAGE = "websocket"
LIVE_TOPIC = "liveMessageTopic"
SAVE_TOPIC = "saveLiveMessageTopic"
PARTITIONS = 12
# What functions may do in Redis, as access rules: https://valkey.io/topics/acl/. No dangerous command, except asking
# where the slots are: a cluster's client begins with that, and older servers count the command as dangerous.
REDIS_ACCESS = "on ~* -@all +@read +@write +@connection +eval +evalsha +time -@dangerous +cluster|slots"

# What a function works with: its settings, its rights and its place in the network follow from it.
Need = Literal[
    "redis", "kafka", "connections", "table", "failure_queue", "token_keys", "review", "erasure", "gallery", "edge"
]


@dataclass(frozen=True, kw_only=True)
class Function:
    """One Lambda function: `handler` is `module.attribute`, `packages` are dependency groups of pyproject.toml.
    `has_site`: the files of the pages are in its package. `only_with`: a stage that is without what this need is about
    has no such function."""

    name: str
    handler: str
    trigger: Trigger
    timeout_seconds: int
    memory_mb: int
    needs: frozenset[Need]
    packages: tuple[str, ...] = ("room",)
    only_with: Need | None = None
    has_site: bool = False


FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="authorize",
        handler="functions.handlers.authorize.handler",
        # activityId alone: the function itself tells what else is missing.
        trigger=Authorizer(identity_sources=("route.request.querystring.activityId",)),
        timeout_seconds=5,
        memory_mb=512,
        needs=frozenset({"token_keys", "edge"}),
        packages=("tokens",),
    ),
    Function(
        name="connect",
        handler="functions.handlers.connect.handler",
        trigger=Route("$connect"),
        timeout_seconds=15,
        memory_mb=1024,
        needs=frozenset({"redis", "kafka"}),
        packages=("room", "words"),
    ),
    Function(
        name="message",
        handler="functions.handlers.message.handler",
        trigger=Route("$default", replies=True),
        timeout_seconds=25,
        memory_mb=1024,
        needs=frozenset({"redis", "kafka", "review"}),
        packages=("room", "post", "words"),
    ),
    Function(
        name="disconnect",
        handler="functions.handlers.disconnect.handler",
        trigger=Route("$disconnect"),
        timeout_seconds=15,
        memory_mb=512,
        needs=frozenset({"redis", "kafka"}),
    ),
    Function(
        name="relay",
        handler="functions.handlers.relay.handler",
        trigger=Topic(LIVE_TOPIC, batch_size=5000, window_ms=500, per_slice=True),
        timeout_seconds=60,
        memory_mb=1769,
        needs=frozenset({"redis", "kafka", "connections"}),
        packages=("room", "post"),
    ),
    Function(
        name="archive",
        handler="functions.handlers.archive.handler",
        # A second of a room of 100,000.
        trigger=Topic(SAVE_TOPIC, batch_size=2000, window_ms=1000),
        timeout_seconds=60,
        # A whole CPU: a room's batches come one after another, and must not come faster than they are stored.
        memory_mb=1769,
        needs=frozenset({"table", "failure_queue"}),
        packages=("post",),
    ),
    Function(
        name="sweep",
        handler="functions.handlers.sweep.handler",
        trigger=Schedule(seconds=60),
        timeout_seconds=50,
        memory_mb=512,
        needs=frozenset({"redis", "kafka"}),
    ),
    Function(
        name="api",
        handler="functions.api.app.handler",
        trigger=HttpRoutes(
            "/api/{proxy+}",
            moderation=(
                "PATCH /api/activities/{activityId}",
                "DELETE /api/activities/{activityId}/messages",
                "DELETE /api/activities/{activityId}/messages/{seq}",
                "PUT /api/activities/{activityId}/mutes",
                "DELETE /api/activities/{activityId}/mutes",
                "PUT /api/activities/{activityId}/bans",
                "DELETE /api/activities/{activityId}/bans",
                "DELETE /api/activities/{activityId}/users",
                "PUT /api/bans",
                "DELETE /api/bans",
                "PUT /api/words",
            ),
            viewers=(
                "GET /api/activities/{activityId}/admission",
                "POST /api/activities/{activityId}/place",
                "DELETE /api/activities/{activityId}/place",
                "POST /api/activities/{activityId}/place/leave",
            ),
        ),
        timeout_seconds=15,
        memory_mb=1024,
        needs=frozenset({"redis", "kafka", "connections", "table", "token_keys", "erasure", "gallery", "edge"}),
        packages=("room", "post", "api", "tokens", "words"),
    ),
    Function(
        name="gallery",
        handler="functions.handlers.gallery.handler",
        trigger=HttpRoutes("/gallery/{proxy+}"),
        # It waits until there is something to tell: usecases/slot_reader.py.
        timeout_seconds=15,
        memory_mb=512,
        needs=frozenset({"redis", "gallery", "edge"}),
        only_with="gallery",
    ),
)

# Not part of a room: it makes the topics in a stack where CloudFormation cannot.
TOPICS = Function(
    name="topics",
    handler="functions.handlers.topics.handler",
    trigger=Deployment(),
    timeout_seconds=300,
    memory_mb=512,
    needs=frozenset({"kafka"}),
)

# It puts the pages into the bucket of a stage that has them.
PAGES = Function(
    name="pages",
    handler="functions.handlers.pages.handler",
    trigger=Deployment(),
    timeout_seconds=180,
    memory_mb=512,
    needs=frozenset(),
    packages=(),
    has_site=True,
)


def packages_of(row: Function, *, identity: bool) -> tuple[str, ...]:
    """The dependency groups of a function. What verifies an `identity` provider's tokens is large, so the functions
    that need the token keys have it in a stage with a provider alone."""
    return (*row.packages, "identity") if identity and "token_keys" in row.needs else row.packages


def needs_of(name: str) -> frozenset[Need]:
    """The needs of a function of FUNCTIONS."""
    return {row.name: row.needs for row in FUNCTIONS}[name]


def timeout_of(name: str) -> int:
    """The seconds that a function of FUNCTIONS has for one event."""
    return {row.name: row.timeout_seconds for row in FUNCTIONS}[name]


def deployed_as(row: Function, slices: int) -> dict[str, int | None]:
    """The functions that a row is deployed as: their names with their slices, None for a row that has no slices."""
    if isinstance(row.trigger, Topic) and row.trigger.per_slice:
        return {f"{row.name}-{slice}": slice for slice in range(slices)}
    return {row.name: None}
