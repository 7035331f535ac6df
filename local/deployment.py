"""What `cdk deploy` makes of the manifest, for the emulator: functions with their environments, mappings, rules."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from functions.manifest import FUNCTIONS, Function, Need, deployed_as
from functions.runtime.settings import Settings, variables_of
from functions.triggers import Schedule, Topic
from local.aws.environment_variables import function_arn
from local.aws.function import FunctionSpec
from local.aws.kafka_consumer import MappingConfig
from local.aws.sigv4 import Credentials
from local.options import Options
from tools.token_order import AUDIENCE, ISSUER

# Public, so that anybody can sign by hand. The connections API checks signatures made with them.
CREDENTIALS = Credentials("AKIALIVEROOMSLOCAL00", "the-emulators-own-secret-key")
ROLE = {"AWS_ACCESS_KEY_ID": CREDENTIALS.access_key, "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key}
TOKEN_SECRET = "live-rooms/token-keys"
EDGE_SECRET = "live-rooms/edge-keys"
GALLERY_SECRET = "live-rooms/gallery-keys"
TABLE = "live-rooms"
FAILURE_QUEUE = "live-rooms-archive-failures"
# The row whose schedule is a setting, too.
SWEEP = "sweep"
# The platform's own function that reviews chats, as Lambda makes one by default; and how long a chat waits for it: here
# the machine is slow, and the first chat starts the function.
REVIEW = "review"
REVIEW_SECONDS = 3
REVIEW_MEMORY_MB = 128
REVIEW_TIMEOUT_MS = 2000
# Environments of one function; more are of no use on a laptop. Requests of the gallery wait, each in an environment.
ENVIRONMENTS = 3
MORE = {"gallery": 8}
# On AWS no function takes another's CPU. Here those that say a frame was accepted go before those that tell the room of
# it, and nobody waits for the archive. A relay that comes later finds more to tell, in as few POSTs.
RELAY_NICE = 5
STORING_NICE = 10


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The addresses of the servers that functions use."""

    redis_url: str
    kafka_bootstrap: str
    connections_url: str
    websocket_url: str = ""
    # The identity provider's keys; "" if there is no provider.
    jwks_url: str = ""
    # Secrets Manager; "" if nobody needs a secret.
    secrets_url: str = ""
    # Lambda; "" if nobody invokes a function by it.
    lambda_url: str = ""
    # DynamoDB and SQS, and the URL of the archive's failure queue there.
    aws_url: str = ""
    failure_queue_url: str = ""


class BadSchedule(Exception):
    """Nothing can be invoked at the rate of a row; the message names the row."""


def check(options: Options, environment: Mapping[str, str]) -> None:
    """Check the manifest's schedules, and the functions' settings in `environment`, before any server starts.

    Raises BadSchedule, SettingsError.
    """
    rates(FUNCTIONS, sweep_seconds=options.sweep_seconds)
    servers = Servers(
        redis_url=options.redis_url or "redis://embedded",
        kafka_bootstrap=options.kafka_bootstrap or "embedded",
        connections_url="http://gateway",
        secrets_url="http://secrets",
        failure_queue_url="http://queue",
    )
    Settings.from_environment(Deployment(options, servers, environment).settings(), get_args(Need))


def has_gallery(environment: Mapping[str, str]) -> bool:
    """Whether viewers are sent to the gallery; what is no number is told of by the settings."""
    return environment.get("GALLERY_FROM", "0").strip("0") != ""


def rates(rows: Iterable[Function], *, sweep_seconds: float | None) -> dict[str, float]:
    """The seconds of each scheduled row, by its name. `sweep_seconds`, unless None, are the sweep's. Raises
    BadSchedule."""
    found: dict[str, float] = {}
    for row in rows:
        if isinstance(row.trigger, Schedule):
            seconds: Any = row.trigger.seconds
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
                problem = f"Schedule(seconds={seconds!r}) is no rate: it takes a number above 0"
                raise BadSchedule(f"functions/manifest.py: {row.name}: {problem}")
            found[row.name] = sweep_seconds if row.name == SWEEP and sweep_seconds is not None else seconds
    return found


@dataclass(frozen=True)
class Deployment:
    """The manifest's functions under these options. `environment` may set every setting that is no option."""

    options: Options
    servers: Servers
    environment: Mapping[str, str]

    def functions(self) -> Iterator[FunctionSpec]:
        """Each function; a function that reads a topic by slices comes once for each slice. Then the platform's own
        that reviews chats, if there is one."""
        for row in FUNCTIONS:
            for name, slice_ in deployed_as(row, self.options.slices).items():
                yield FunctionSpec(
                    name=name,
                    handler=row.handler,
                    timeout_seconds=row.timeout_seconds,
                    memory_mb=row.memory_mb,
                    environment=self._variables(row, slice_ or 0),
                    max_environments=1 if isinstance(row.trigger, Topic) else MORE.get(row.name, ENVIRONMENTS),
                    nice=_nice(row.trigger),
                )
        if self.options.review:
            yield self._reviewer()

    def _reviewer(self) -> FunctionSpec:
        file = Path(self.options.review).resolve()
        return FunctionSpec(
            name=REVIEW,
            handler=f"{file.stem}.handler",
            timeout_seconds=REVIEW_SECONDS,
            memory_mb=REVIEW_MEMORY_MB,
            environment={},
            max_environments=ENVIRONMENTS,
            root=file.parent,
        )

    def mappings(self, row_name: str) -> Iterator[MappingConfig]:
        """The event source mappings of the manifest's row with this name: one for each slice, if it reads by slices."""
        for row in FUNCTIONS:
            if row.name == row_name and isinstance(row.trigger, Topic):
                for name in deployed_as(row, self.options.slices):
                    yield MappingConfig(
                        function=name,
                        topic=row.trigger.name,
                        group=name,
                        bootstrap=self.servers.kafka_bootstrap,
                        batch_size=row.trigger.batch_size,
                        # Viewers wait for a relay's batches. Nobody waits for the archive's, which are cheaper large.
                        window_ms=self.options.window_ms if row.trigger.per_slice else row.trigger.window_ms,
                        report_batch_item_failures="failure_queue" in row.needs,
                    )

    def schedules(self) -> dict[str, float]:
        """The functions that are invoked at a fixed rate, by their names, each with its seconds."""
        return rates(FUNCTIONS, sweep_seconds=self.options.sweep_seconds)

    def settings(self, slice_: int = 0) -> dict[str, str]:
        """The variables of all functions. A developer's own secret, table and queue are none of the emulator's."""
        names = {field.name.upper() for field in fields(Settings)}
        given = {name: self.environment[name] for name in names & self.environment.keys()}
        identity = {"IDENTITY_ISSUER": ISSUER, "IDENTITY_AUDIENCE": AUDIENCE} if self.servers.jwks_url else {}
        return (
            {"API_DOCS": "true", "REVIEW_TIMEOUT_MS": str(REVIEW_TIMEOUT_MS)}
            | identity
            | given
            | {
                "REDIS_URL": self.servers.redis_url,
                "KAFKA_BOOTSTRAP": self.servers.kafka_bootstrap,
                "CONNECTIONS_URL": self.servers.connections_url,
                "AUTH_MODE": self.options.auth_mode,
                "TOKEN_SECRET": TOKEN_SECRET if self.options.auth_mode == "token" else "",
                "EDGE_SECRET": EDGE_SECRET if self.options.edge_only else "",
                "GALLERY_SECRET": GALLERY_SECRET if has_gallery(self.environment) else "",
                "IDENTITY_JWKS_URL": self.servers.jwks_url,
                "REVIEW_FUNCTION_ARN": function_arn(self._reviewer()) if self.options.review else "",
                "WEBSOCKET_URL": self.servers.websocket_url,
                "TABLE": TABLE,
                "FAILURE_QUEUE": self.servers.failure_queue_url,
                "PARTIAL_RESPONSES": "true",
                "HEARTBEAT_SECONDS": str(self.options.heartbeat_seconds),
                "SLICE": str(slice_),
                "SLICES": str(self.options.slices),
            }
        )

    def _variables(self, row: Function, slice_: int) -> dict[str, str]:
        read = variables_of(row.needs)
        variables = {name: value for name, value in self.settings(slice_).items() if name in read}
        endpoints = {
            variable: url
            for need, variable, url in (
                ("token_keys", "AWS_ENDPOINT_URL_SECRETS_MANAGER", self.servers.secrets_url),
                ("gallery", "AWS_ENDPOINT_URL_SECRETS_MANAGER", self.servers.secrets_url),
                ("table", "AWS_ENDPOINT_URL_DYNAMODB", self.servers.aws_url),
                ("failure_queue", "AWS_ENDPOINT_URL_SQS", self.servers.aws_url),
                ("review", "AWS_ENDPOINT_URL_LAMBDA", self.servers.lambda_url),
            )
            if need in row.needs and url
        }
        return variables | endpoints | (ROLE if endpoints or "connections" in row.needs else {})


def _nice(trigger: object) -> int:
    if not isinstance(trigger, Topic):
        return 0
    return RELAY_NICE if trigger.per_slice else STORING_NICE
