"""What `cdk deploy` would make of the manifest, made of it here: functions with their environments, mappings, rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from functions.manifest import FUNCTIONS, Function, Schedule, Topic
from functions.settings import Settings
from local.aws.lambda_runtime import FunctionSpec
from local.aws.sigv4 import Credentials
from local.options import Options

# Known, so that anybody may sign with them by hand; the connections API checks signatures made with them.
CREDENTIALS = Credentials("AKIALIVEROOMSLOCAL00", "the-emulators-own-secret-key")
ROLE = {"AWS_ACCESS_KEY_ID": CREDENTIALS.access_key, "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key}
TOKEN_SECRET = "live-rooms/token-keys"
TABLE = "live-rooms"
FAILURE_QUEUE = "live-rooms-archive-failures"
# Environments of one function: as many as can be of use on a laptop.
ENVIRONMENTS = 3


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the servers are that functions use."""

    redis_url: str
    kafka_bootstrap: str
    connections_url: str
    websocket_url: str = ""
    # Secrets Manager, "" where there is none: in open mode nobody is asked for a token.
    secrets_url: str = ""
    # DynamoDB and SQS, and the URL of the archive's failure queue there.
    aws_url: str = ""
    failure_queue_url: str = ""


@dataclass(frozen=True, kw_only=True)
class TopicReader:
    """A function that is given the records of a topic, and the consumer group it reads them in.

    `row` is its name in the manifest. `reports_failures`: it answers which records it could not deal with.
    """

    row: str
    function: str
    group: str
    topic: Topic
    window_ms: int
    reports_failures: bool


def check(options: Options, environment: Mapping[str, str]) -> None:
    """Whether `environment` holds what functions can read, before there are servers; raises SettingsError."""
    servers = Servers(
        redis_url=options.redis_url or "redis://embedded",
        kafka_bootstrap=options.kafka_bootstrap or "embedded",
        connections_url="http://gateway",
    )
    Deployment(options, servers, environment).check()


@dataclass(frozen=True)
class Deployment:
    """The manifest's functions under these options. `environment` may set what Settings has and Options has not."""

    options: Options
    servers: Servers
    environment: Mapping[str, str]

    def functions(self) -> Iterator[FunctionSpec]:
        """Each function; one that reads a topic by slices once for each slice."""
        for function in FUNCTIONS:
            for name, slice_ in self._names(function):
                yield FunctionSpec(
                    name=name,
                    handler=function.handler,
                    timeout_seconds=function.timeout_seconds,
                    memory_mb=function.memory_mb,
                    environment=self._settings(function, slice_),
                    max_environments=1 if isinstance(function.trigger, Topic) else ENVIRONMENTS,
                )

    def check(self) -> None:
        """Whether functions can read what they are told; raises SettingsError."""
        for function in self.functions():
            Settings.from_environment(function.environment)

    def topic_readers(self) -> Iterator[TopicReader]:
        """The event source mappings, for what is read by slices one for each slice."""
        for function in FUNCTIONS:
            if isinstance(function.trigger, Topic):
                for name, _ in self._names(function):
                    yield TopicReader(
                        row=function.name,
                        function=name,
                        group=name,
                        topic=function.trigger,
                        # Viewers wait for a relay's batches; nobody for those of the archive, which are cheaper large.
                        window_ms=self.options.window_ms if function.trigger.per_slice else function.trigger.window_ms,
                        reports_failures=_stores(function),
                    )

    def schedules(self) -> Iterator[str]:
        """The functions that are invoked at a fixed rate."""
        for function in FUNCTIONS:
            if isinstance(function.trigger, Schedule):
                yield function.name

    def _names(self, function: Function) -> list[tuple[str, int]]:
        if isinstance(function.trigger, Topic) and function.trigger.per_slice:
            return [(f"{function.name}-{slice_}", slice_) for slice_ in range(self.options.slices)]
        return [(function.name, 0)]

    def _settings(self, function: Function, slice_: int) -> dict[str, str]:
        passed = {
            name: self.environment[name]
            for name in (field.name.upper() for field in fields(Settings))
            if name in self.environment
        }
        settings = passed | {
            "REDIS_URL": self.servers.redis_url,
            "KAFKA_BOOTSTRAP": self.servers.kafka_bootstrap,
            "AUTH_MODE": self.options.auth_mode,
            "TOKEN_SECRET": TOKEN_SECRET if self.servers.secrets_url else "",
            "WEBSOCKET_URL": self.servers.websocket_url,
            # Those of the developer's own environment are none of the emulator's.
            "TABLE": "",
            "FAILURE_QUEUE": "",
            "HEARTBEAT_SECONDS": str(self.options.heartbeat_seconds),
            "SLICE": str(slice_),
            "SLICES": str(self.options.slices),
        }
        settings |= self._archive_settings(function)
        if "connections" in function.needs:
            settings |= {"CONNECTIONS_URL": self.servers.connections_url, **ROLE}
        if "tokens" in function.packages and self.servers.secrets_url:
            settings |= {"AWS_ENDPOINT_URL_SECRETS_MANAGER": self.servers.secrets_url, **ROLE}
        return settings

    def _archive_settings(self, function: Function) -> dict[str, str]:
        if "table" not in function.needs:
            return {}
        settings = {"TABLE": TABLE, "AWS_ENDPOINT_URL_DYNAMODB": self.servers.aws_url, **ROLE}
        if _stores(function):
            settings |= {
                "FAILURE_QUEUE": self.servers.failure_queue_url,
                "AWS_ENDPOINT_URL_SQS": self.servers.aws_url,
                "PARTIAL_RESPONSES": "true",
            }
        return settings


def _stores(function: Function) -> bool:
    """Whether it puts what it reads into the table."""
    return isinstance(function.trigger, Topic) and "table" in function.needs
