"""The Lambda functions: one per row of the manifest, and one per slice for a row that is read per slice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.manifest import FUNCTIONS, Function, Need, Topic, Trigger
from infra.archive import Archive
from infra.environment import environment
from infra.gateway import Gateway
from infra.network import Network
from infra.packages import Packages
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage import Stage
from infra.token_keys import TokenKeys

T = TypeVar("T", bound=Trigger)

# What is reached from anywhere, with the right credentials.
OUTSIDE: frozenset[Need] = frozenset({"connections", "table"})


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A row of the manifest as a Lambda function. `name`: the row's, or `relay-0` where there are slices."""

    row: Function
    name: str
    function: lambda_.Function


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
        self._log_retention = logs.RetentionDays[stage.log_retention]
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
                self.deployed.append(Deployed(row=row, name=name, function=self._make(row, name, told)))

    def triggered_by(self, kind: type[T]) -> Iterator[tuple[Deployed, T]]:
        """The functions whose trigger is of `kind`, each with its trigger."""
        for deployed in self.deployed:
            if isinstance(deployed.row.trigger, kind):
                yield deployed, deployed.row.trigger

    def _make(self, row: Function, name: str, told: dict[str, str]) -> lambda_.Function:
        # A function that needs nothing inside the network starts faster outside of it, and needs no NAT there.
        inside = bool(row.needs - OUTSIDE)
        return lambda_.Function(
            self,
            name,
            code=self._packages.of(row),
            handler=row.handler,
            # The newest that Lambda runs; aiokafka and httptools have arm64 wheels for it.
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            timeout=Duration.seconds(row.timeout_seconds),
            memory_size=row.memory_mb,
            environment=told,
            vpc=self._network.vpc if inside else None,
            vpc_subnets=self._network.private if inside else None,
            security_groups=[self._network.functions_group] if inside else None,
            log_group=self._log_group(f"{name}-log"),
        )

    def _log_group(self, id: str) -> logs.LogGroup:
        return logs.LogGroup(self, id, retention=self._log_retention, removal_policy=RemovalPolicy.DESTROY)


def slices_of(row: Function, slices: int) -> list[int | None]:
    """The slices a row is deployed as: `[None]` for one that is not read per slice."""
    sliced = isinstance(row.trigger, Topic) and row.trigger.per_slice
    return list(range(slices)) if sliced else [None]
