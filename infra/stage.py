"""One stage of cdk.json: how large it is, whom it lets in, what it is built of, and what is there already."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from functions.settings import AuthMode, LogLevel
from infra.mistakes import mistakes
from infra.texts import (
    BrokerType,
    CacheName,
    CertificateArn,
    ClusterArn,
    DomainName,
    Email,
    HostedZoneId,
    LogRetention,
    Origin,
    RouteTableId,
    SecurityGroupId,
    StageName,
    SubnetId,
    VpcId,
    WebAclArn,
    ZoneName,
)


class StageError(Exception):
    """cdk.json has no such stage, or its entry does not hold what it must; the message has a line a mistake."""


class Part(BaseModel):
    """A table of cdk.json, under the same names: nothing else may be in it, and "1" is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


class ExistingVpc(Part):
    """A VPC to use in place of a new one, with DNS names switched on. Its private subnets, one a zone, must have a way
    out: NAT, or IPv6. `private_route_table_ids`, one a subnet: these get the way to DynamoDB; none: they have it."""

    vpc_id: VpcId
    availability_zones: Annotated[tuple[ZoneName, ...], Field(min_length=2, max_length=3, strict=False)]
    private_subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=2, max_length=3, strict=False)]
    private_route_table_ids: Annotated[tuple[RouteTableId, ...], Field(strict=False)] = ()

    @field_validator("private_subnet_ids", "private_route_table_ids")
    @classmethod
    def _one_a_zone(cls, ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        zones = info.data.get("availability_zones")
        if ids and zones is not None and len(ids) != len(zones):
            raise ValueError(f"there must be one for each of the {len(zones)} availability_zones, not {len(ids)}")
        return ids


class NetworkStage(Part):
    """How functions in the network reach the `@connections` of their viewers: through `nat_gateways`, one or two as a
    new VPC has two zones, or over IPv6 without any. `flow_logs`: keep a log of the connections that were refused in the
    new VPC, or of all; none: of none. `endpoints`: make the interface endpoints for Lambda and STS that event source
    mappings in on-demand mode need where there is no NAT; false: an existing VPC has them."""

    egress: Literal["nat", "ipv6"]
    existing: ExistingVpc | None = None
    nat_gateways: Annotated[int, Field(ge=0, le=2)] = 0
    flow_logs: Literal["rejected", "all"] | None = None
    endpoints: bool = True

    @field_validator("nat_gateways")
    @classmethod
    def _has_a_way_out(cls, count: int, info: ValidationInfo) -> int:
        egress, existing = info.data.get("egress"), info.data.get("existing")
        if count and egress == "ipv6":
            raise ValueError("there are none with egress 'ipv6': leave it out")
        if count and existing is not None:
            raise ValueError("an existing VPC keeps its own: leave it out")
        if not count and egress == "nat" and "existing" in info.data and existing is None:
            raise ValueError("with egress 'nat' there must be one at least")
        return count

    @field_validator("flow_logs")
    @classmethod
    def _are_of_a_new_vpc(cls, which: str | None, info: ValidationInfo) -> str | None:
        if which is not None and info.data.get("existing") is not None:
            raise ValueError("an existing VPC keeps its own: leave it out")
        return which

    @field_validator("endpoints")
    @classmethod
    def _are_somewhere(cls, made: bool, info: ValidationInfo) -> bool:
        if not made and "existing" in info.data and info.data["existing"] is None:
            raise ValueError("a new VPC has none that could be used: leave it out")
        return made


class Retention(Part):
    """For how long the topics keep records."""

    live_retention_minutes: Annotated[int, Field(ge=10)]
    save_retention_hours: Annotated[int, Field(ge=1)]

    @field_validator("save_retention_hours")
    @classmethod
    def _outlasts_the_live_topic(cls, hours: int, info: ValidationInfo) -> int:
        if hours * 60 < info.data.get("live_retention_minutes", 0):
            raise ValueError("what is to be archived must be kept for as long as live_retention_minutes")
        return hours


class ProvisionedKafka(Retention):
    """Two brokers of MSK. `broker_logs`: keep what they log."""

    kind: Literal["provisioned"]
    broker_type: BrokerType
    volume_gb: Annotated[int, Field(ge=1, le=16384)]
    broker_logs: bool = True


class ServerlessKafka(Retention):
    """MSK Serverless."""

    kind: Literal["serverless"]


class ExistingKafka(Retention):
    """A cluster of MSK with IAM authentication, and the security group that its brokers are in. Where `make_topics` is
    false, both topics are there already."""

    kind: Literal["existing"]
    cluster_arn: ClusterArn
    security_group_id: SecurityGroupId
    make_topics: bool = True


class NewCache(Part):
    """A new ElastiCache Serverless cache, and how large it may become."""

    kind: Literal["serverless"]
    max_gb: Annotated[int, Field(ge=1, le=5000)]
    max_ecpu_per_second: Annotated[int, Field(ge=1000, le=15_000_000)]


class ExistingCache(Part):
    """An ElastiCache Serverless cache for Valkey with IAM authentication. `user_id`: who the functions are in it."""

    kind: Literal["existing"]
    name: CacheName
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 6379
    user_id: Annotated[str, Field(min_length=1)]
    security_group_id: SecurityGroupId


class RelayStage(Part):
    """`slices` relays share each room. `low_latency`: pollers of their own (paid for by the hour) and no window."""

    slices: Annotated[int, Field(ge=1, le=32)]
    low_latency: bool
    posts_per_second: Annotated[int, Field(ge=1)] = 8000


class ArchiveStage(Part):
    """`mode`: whether the archive's mapping has pollers of its own, which are paid for by the hour and report which
    records could not be stored. `keep`: the table outlives its stack. `generation`: raise it when the live topic was
    made anew, since its `seq` begin anew then too; the old table stays as it is where it is kept."""

    mode: Literal["provisioned", "on_demand"]
    days: Annotated[int, Field(ge=1, le=36_500)]
    keep: bool
    generation: Annotated[int, Field(ge=1)] = 1


class Rates(Part):
    """Token buckets of a user in a room: so many frames at once, then so many a second."""

    chat_burst: Annotated[int, Field(ge=1)] = 5
    chat_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    other_burst: Annotated[int, Field(ge=1)] = 5
    other_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0


class Throttle(Part):
    """What a stage of API Gateway lets in, of all clients together: requests a second, and at once."""

    per_second: Annotated[int, Field(ge=1)]
    burst: Annotated[int, Field(ge=1)]


class Throttles(Part):
    """Of the WebSocket API (frames and handshakes) and of the platform's HTTP API."""

    websocket: Throttle
    http: Throttle


class Domain(Part):
    """A domain of yours for CloudFront's distribution. The certificate is in us-east-1; the zone, if it is in this
    account, gets the records."""

    name: DomainName
    certificate_arn: CertificateArn
    hosted_zone_id: HostedZoneId | None = None


class Edge(Part):
    """`distribution`: CloudFront in front, which alone can serve `/websocket/{activityId}/{username}`; `web_acl_arn`:
    a WAF web ACL of yours for it. `access_logs_role`: make the account's role for API Gateway's logs; there is one an
    account and Region, so that it is false where another stack has made it."""

    distribution: bool
    domain: Domain | None = None
    web_acl_arn: WebAclArn | None = None
    access_logs: bool = True
    access_logs_role: bool = True

    @field_validator("domain", "web_acl_arn")
    @classmethod
    def _belongs_to_a_distribution(cls, given: Any, info: ValidationInfo) -> Any:
        if given is not None and info.data.get("distribution") is False:
            raise ValueError("it is for CloudFront's distribution, and there is none: edge.distribution is false")
        return given


class Reserved(Part):
    """The most environments of a function at a time, so that a burst of new ones does not open more connections than
    the brokers take; none: as many as the account has. AWS refuses to reserve what would leave fewer than 100 of the
    account's for all other functions."""

    connect: Annotated[int, Field(ge=1)] | None = None
    message: Annotated[int, Field(ge=1)] | None = None
    disconnect: Annotated[int, Field(ge=1)] | None = None
    api: Annotated[int, Field(ge=1)] | None = None


class Stage(Part):
    """A stage. `allowed_origins`: where web pages that connect may come from, such as `https://shop.example`; none:
    anywhere. `alarm_email`: who hears of alarms. `log_retention`: one of the CDK's RetentionDays."""

    name: StageName
    auth_mode: AuthMode
    allowed_origins: Annotated[tuple[Origin, ...], Field(strict=False)]
    heartbeat_seconds: Annotated[int, Field(ge=10, le=300)] = 60
    alarm_email: Email | None = None
    log_retention: LogRetention
    log_level: LogLevel = "WARNING"
    snap_start: bool
    network: NetworkStage
    kafka: Annotated[ProvisionedKafka | ServerlessKafka | ExistingKafka, Field(discriminator="kind")]
    cache: Annotated[NewCache | ExistingCache, Field(discriminator="kind")]
    relay: RelayStage
    archive: ArchiveStage
    rates: Rates = Rates()
    throttles: Throttles
    edge: Edge
    reserved: Reserved = Reserved()

    @field_validator("kafka", "cache")
    @classmethod
    def _is_within_reach(cls, box: Any, info: ValidationInfo) -> Any:
        network = info.data.get("network")
        if box.kind == "existing" and network is not None and network.existing is None:
            raise ValueError("what is there already is reached from its own VPC only: name that in network.existing")
        return box

    @property
    def polls_by_itself(self) -> bool:
        """Whether event source mappings poll in on-demand mode, and so need a way to Lambda and STS."""
        return not self.relay.low_latency or self.archive.mode == "on_demand"

    @classmethod
    def of(cls, name: str, stages: Any) -> Self:
        """The stage of that name out of cdk.json's `stages`; raises StageError."""
        if not isinstance(stages, Mapping):
            raise StageError("cdk.json has no table of stages, context.stages")
        if name not in stages:
            raise StageError(f"no stage {name!r} in cdk.json; it has {', '.join(sorted(stages))}")
        if not isinstance(stages[name], Mapping):
            raise StageError(f"stage {name!r} in cdk.json is no table")
        table = {**stages[name], "name": name}
        try:
            return cls.model_validate(table)
        except ValidationError as invalid:
            lines = [f"  {line}" for line in mistakes(invalid.errors(), table)]
            raise StageError("\n".join([f"stage {name!r} in cdk.json:", *lines])) from None
