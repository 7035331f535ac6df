"""The Lambda functions: one per row of the manifest, and one per slice for a row that is read per slice.

Whatever invokes a function invokes its alias, which points at the newest version: SnapStart takes its snapshots of
published versions only, and a deployment changes from one version to the next in one step.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from aws_cdk import Annotations, Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.manifest import FUNCTIONS, Authorizer, Function, HttpRoutes, Need, Route, Topic, Trigger
from functions.settings import LogLevel
from infra.archive import Archive
from infra.environment import environment
from infra.gateway import Gateway
from infra.network import Network
from infra.packages import Packages
from infra.roles import role_of_function
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage import Stage
from infra.token_keys import TokenKeys

T = TypeVar("T", bound=Trigger)

ALIAS = "live"

# What is reached from anywhere, with the right credentials.
OUTSIDE: frozenset[Need] = frozenset({"connections", "table"})


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A row of the manifest as a Lambda function. `name`: the row's, or `relay-0` where there are slices.

    `alias` is what to invoke, `function` what is allowed things.
    """

    row: Function
    name: str
    function: lambda_.Function
    alias: lambda_.Alias


class Functions(Construct):
    """Every function of the manifest, told where the other boxes are."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        network: Network,
        packages: Packages,
        gateway: Gateway,
        rooms_cache: RoomsCache,
        room_log: RoomLog,
        token_keys: TokenKeys,
        archive: Archive,
        stage: Stage,
    ) -> None:
        super().__init__(scope, id)
        self._network = network
        self._packages = packages
        self._stage = stage
        self.deployed: list[Deployed] = []
        for row in FUNCTIONS:
            for slice in slices_of(row, stage.relay.slices):
                told = environment(
                    row,
                    slice,
                    gateway=gateway,
                    rooms_cache=rooms_cache,
                    room_log=room_log,
                    token_keys=token_keys,
                    archive=archive,
                    stage=stage,
                )
                name = row.name if slice is None else f"{row.name}-{slice}"
                function = self._make(row, name, told)
                self.deployed.append(Deployed(row=row, name=name, function=function, alias=self._published(function)))

    def triggered_by(self, kind: type[T]) -> Iterator[tuple[Deployed, T]]:
        """The functions whose trigger is of `kind`, each with its trigger."""
        for deployed in self.deployed:
            if isinstance(deployed.row.trigger, kind):
                yield deployed, deployed.row.trigger

    def _make(self, row: Function, name: str, told: dict[str, str]) -> lambda_.Function:
        # A function that needs nothing inside the network starts faster outside of it, and needs no NAT there.
        inside = bool(row.needs - OUTSIDE)
        log_group = self._log_group(f"{name}-log")
        polled = isinstance(row.trigger, Topic)
        return lambda_.Function(
            self,
            name,
            code=self._packages.of(row),
            handler=row.handler,
            role=role_of_function(self, f"{name}-role", log_group=log_group, inside=inside, polled=polled),
            # The newest that Lambda runs; aiokafka and httptools have arm64 wheels for it.
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            timeout=Duration.seconds(row.timeout_seconds),
            memory_size=row.memory_mb,
            environment=told,
            vpc=self._network.vpc if inside else None,
            vpc_subnets=self._network.private if inside else None,
            security_groups=[self._network.functions_group] if inside else None,
            ipv6_allowed_for_dual_stack=self._network.over_ipv6 if inside else None,
            reserved_concurrent_executions=getattr(self._stage.reserved, row.name, None),
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if self._from_snapshots(row) else None,
            # Lambda sends the segments itself: no library, and no way out of the network, is needed for that.
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=let_through(self._stage.log_level),
            log_group=log_group,
        )

    def _from_snapshots(self, row: Function) -> bool:
        # Those that somebody waits for. The others are warm as long as a room is: a snapshot would only cost.
        return self._stage.snap_start and isinstance(row.trigger, Authorizer | Route | HttpRoutes)

    def _published(self, function: lambda_.Function) -> lambda_.Alias:
        # A version holds the brokers' address and others as they were when it was published. When one of them is made
        # anew the template says the same of the function as before, so a change of the stage is to make a version too.
        function.invalidate_version_based_on(self._stage.model_dump_json())
        Annotations.of(function).acknowledge_warning(
            "@aws-cdk/aws-lambda:snapStartRequirePublish", "The alias points at a published version."
        )
        return function.add_alias(ALIAS)

    def _log_group(self, id: str) -> logs.LogGroup:
        retention = logs.RetentionDays[self._stage.log_retention]
        return logs.LogGroup(self, id, retention=retention, removal_policy=RemovalPolicy.DESTROY)


def let_through(level: LogLevel) -> lambda_.ApplicationLogLevel:
    """Which lines Lambda is to let through. The functions themselves write no others than those of `level`, and lines
    without a level, as metrics are, count as INFO.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    return lambda_.ApplicationLogLevel.DEBUG if level == "DEBUG" else lambda_.ApplicationLogLevel.INFO


def slices_of(row: Function, slices: int) -> list[int | None]:
    """The slices a row is deployed as: `[None]` for one that is not read per slice."""
    sliced = isinstance(row.trigger, Topic) and row.trigger.per_slice
    return list(range(slices)) if sliced else [None]
