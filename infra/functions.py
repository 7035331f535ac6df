"""The Lambda functions: one for each row of the manifest, or one for each slice if the row is read per slice.

Whatever invokes a function invokes its alias, which points at the newest version. SnapStart takes snapshots of
published versions only, and a deployment moves the alias from one version to the next in one step.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aws_cdk import Annotations, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.manifest import FUNCTIONS, Function, Need, deployed_as
from functions.runtime.settings import LogLevel
from functions.triggers import Authorizer, HttpRoutes, Route, Trigger
from infra.boxes import Boxes
from infra.environment import environment
from infra.fingerprint import fingerprint
from infra.function import make_function
from infra.stage.stage import Stage

T = TypeVar("T", bound=Trigger)

ALIAS = "live"

# The properties that a version keeps, beside its environment.
PUBLISHED = (
    *("architectures", "code", "handler", "logging_config", "memory_size", "role", "runtime"),
    *("snap_start", "timeout", "tracing_config", "vpc_config"),
)

# Needs that a function meets from outside the VPC too.
OUTSIDE: frozenset[Need] = frozenset({"connections", "table", "failure_queue", "token_keys", "erasure", "edge"})


def rows_of(stage: Stage) -> list[Function]:
    """The rows of the manifest that the stage has functions of."""
    has = {"gallery": stage.gallery is not None}
    return [row for row in FUNCTIONS if row.only_with is None or has[row.only_with]]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A row of the manifest as a Lambda function. `name` is the row's, or `relay-0` for a slice.

    `alias` is what to invoke. `function` is what to give rights to.
    """

    row: Function
    name: str
    function: lambda_.Function
    alias: lambda_.Alias


class Functions(Construct):
    """Every function that the stage has, in the manifest's order, as `deployed`."""

    def __init__(self, scope: Construct, id: str, *, boxes: Boxes, stage: Stage) -> None:
        super().__init__(scope, id)
        self._boxes, self._stage = boxes, stage
        self.deployed = [
            self._deploy(row, name, slice)
            for row in rows_of(stage)
            for name, slice in deployed_as(row, stage.relay.slices).items()
        ]

    def triggered_by(self, kind: type[T]) -> Iterator[tuple[Deployed, T]]:
        """The functions whose trigger is of `kind`, each with its trigger."""
        for deployed in self.deployed:
            if isinstance(deployed.row.trigger, kind):
                yield deployed, deployed.row.trigger

    def _deploy(self, row: Function, name: str, slice: int | None) -> Deployed:
        # A function that needs nothing in the VPC starts faster outside of it, and needs no NAT there.
        inside = bool(row.needs - OUTSIDE)
        variables = environment(row, slice, boxes=self._boxes, stage=self._stage)
        function = make_function(
            self,
            name,
            row,
            packages=self._boxes.packages,
            network=self._boxes.network if inside else None,
            stage=self._stage,
            prefix=f"{name}-",
            environment=variables,
            ipv6_allowed_for_dual_stack=self._boxes.network.over_ipv6 if inside else None,
            reserved_concurrent_executions=getattr(self._stage.reserved, row.name, None),
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if self._has_snapshots(row) else None,
            current_version_options=self._versions,
            application_log_level_v2=lambda_log_level(self._stage.log_level),
        )
        return Deployed(row=row, name=name, function=function, alias=self._publish(function, variables))

    @property
    def _versions(self) -> lambda_.VersionOptions | None:
        if not self._stage.keep_versions:
            return None
        return lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    def _has_snapshots(self, row: Function) -> bool:
        # Somebody waits for these. The others stay warm while a room is in use: a snapshot would only cost money.
        return self._stage.snap_start and isinstance(row.trigger, Authorizer | Route | HttpRoutes)

    def _publish(self, function: lambda_.Function, variables: Mapping[str, str]) -> lambda_.Alias:
        _describe(function, variables)
        Annotations.of(function).acknowledge_warning(
            "@aws-cdk/aws-lambda:snapStartRequirePublish", "The alias points at a published version."
        )
        return function.add_alias(ALIAS)


def _describe(function: lambda_.Function, variables: Mapping[str, str]) -> None:
    """Put the fingerprint of the function's own properties, and of its environment variables, into its description.

    The CDK names a version after the text of these properties, and Lambda publishes none of a function that has not
    changed: the deployment would fail where the text changes and what it refers to does not. The description always
    changes with the text. Where what the text refers to is made anew, the text changes too (infra/fingerprint.py).
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    """
    resource = function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    properties = [dict(variables), *(getattr(resource, name) for name in PUBLISHED)]
    resource.description = f"Live rooms, {fingerprint(Stack.of(function).resolve(properties))}"


def lambda_log_level(level: LogLevel) -> lambda_.ApplicationLogLevel:
    """The lowest level whose lines Lambda keeps. The functions filter by `level` themselves; Lambda must keep their
    metrics, which have no level and count as INFO.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    return lambda_.ApplicationLogLevel.DEBUG if level == "DEBUG" else lambda_.ApplicationLogLevel.INFO
