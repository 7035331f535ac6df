"""One stage of cdk.json: how large it is, whom it lets in, what it is built of, and what is there already."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from functions.settings import AuthMode

# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
_ORIGIN = r"(?i)^[a-z][a-z0-9+.-]*://[^\s/,*?#@]+$"
_NAME = r"^[a-z][a-z0-9-]{0,31}$"


class StageError(Exception):
    """cdk.json has no such stage, or its entry does not hold what it must; the message has a line a mistake."""


class Part(BaseModel):
    """A table of cdk.json, under the same names: nothing else may be in it."""


class ExistingVpc(Part):
    """A VPC to use in place of a new one. Its private subnets, one a zone, must have a way out: NAT, or IPv6."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$")]
    availability_zones: Annotated[tuple[str, ...], Field(min_length=2, strict=False)]
    private_subnet_ids: Annotated[tuple[str, ...], Field(min_length=2, strict=False)]


class NetworkStage(Part):
    """How functions in the network reach the `@connections` of their viewers: through `nat_gateways`, or over IPv6
    without any. `endpoints`: interface endpoints for Lambda and STS, which event source mappings in on-demand mode
    need where there is no NAT."""

    egress: Literal["nat", "ipv6"]
    nat_gateways: Annotated[int, Field(ge=0, le=3)] = 0
    existing: ExistingVpc | None = None


class Retention(Part):
    """For how long the topics keep records."""

    live_retention_minutes: Annotated[int, Field(ge=10)]
    save_retention_hours: Annotated[int, Field(ge=1)]


class ProvisionedKafka(Retention):
    """Two brokers of MSK."""

    kind: Literal["provisioned"]
    broker_type: Annotated[str, Field(pattern=r"^kafka\.[a-z0-9]+\.[a-z0-9]+$")]
    volume_gb: Annotated[int, Field(ge=1, le=16384)]


class ServerlessKafka(Retention):
    """MSK Serverless."""

    kind: Literal["serverless"]


class ExistingKafka(Retention):
    """A cluster of MSK with IAM authentication, and the security group that its brokers are in. Where `make_topics` is
    false, both topics are there already."""

    kind: Literal["existing"]
    cluster_arn: Annotated[str, Field(pattern=r"^arn:[a-z-]+:kafka:[a-z0-9-]+:\d{12}:cluster/[^/]+/[^/]+$")]
    security_group_id: Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
    make_topics: bool = True


class NewCache(Part):
    """A new ElastiCache Serverless cache, and how large it may become."""

    kind: Literal["serverless"]
    max_gb: Annotated[int, Field(ge=1, le=5000)]
    max_ecpu_per_second: Annotated[int, Field(ge=1000, le=15_000_000)]


class ExistingCache(Part):
    """An ElastiCache Serverless cache for Valkey with IAM authentication. `user_id`: who the functions are in it."""

    kind: Literal["existing"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 6379
    user_id: Annotated[str, Field(min_length=1)]
    security_group_id: Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]


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
    days: Annotated[int, Field(ge=1)]
    keep: bool
    generation: Annotated[int, Field(ge=1)] = 1


class Rates(Part):
    """Token buckets of a user in a room: so many frames at once, then so many a second."""

    chat_burst: Annotated[int, Field(ge=1)] = 5
    chat_per_second: Annotated[float, Field(gt=0, strict=False)] = 1.0
    other_burst: Annotated[int, Field(ge=1)] = 5
    other_per_second: Annotated[float, Field(gt=0, strict=False)] = 2.0


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

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+$")]
    certificate_arn: Annotated[str, Field(pattern=r"^arn:[a-z-]+:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+$")]
    hosted_zone_id: str | None = None


class Edge(Part):
    """`distribution`: CloudFront in front, which alone can serve `/websocket/{activityId}/{username}`.
    `access_logs_role`: make the account's role for API Gateway's logs; one an account and Region."""

    distribution: bool
    domain: Domain | None = None
    access_logs: bool = True
    access_logs_role: bool = True


class Reserved(Part):
    """The most environments of a function at a time, so that a burst of new ones does not open more connections than
    the brokers take; none: as many as the account has."""

    connect: Annotated[int, Field(ge=1)] | None = None
    message: Annotated[int, Field(ge=1)] | None = None
    disconnect: Annotated[int, Field(ge=1)] | None = None
    api: Annotated[int, Field(ge=1)] | None = None


class Stage(Part):
    """A stage. `allowed_origins`: where web pages that connect may come from, such as `https://shop.example`; none:
    anywhere. `alarm_email`: who hears of alarms. `log_retention`: one of the CDK's RetentionDays."""

    name: Annotated[str, Field(pattern=_NAME)]
    auth_mode: AuthMode
    allowed_origins: Annotated[tuple[Annotated[str, Field(pattern=_ORIGIN)], ...], Field(strict=False)]
    heartbeat_seconds: Annotated[int, Field(ge=10, le=300)] = 60
    alarm_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    log_retention: str
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

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.network.existing is None and self.network.egress == "nat" and not self.network.nat_gateways:
            raise ValueError("network.nat_gateways: with egress 'nat' there must be one at least")
        return self

    @classmethod
    def of(cls, name: str, stages: Mapping[str, Mapping[str, Any]]) -> Self:
        """The stage of that name out of cdk.json's `stages`; raises StageError."""
        if name not in stages:
            raise StageError(f"no stage {name!r} in cdk.json; it has {', '.join(sorted(stages))}")
        try:
            return cls.model_validate({**stages[name], "name": name})
        except ValidationError as invalid:
            raise StageError(f"stage {name!r} in cdk.json:\n" + "\n".join(_lines(invalid))) from None


def _lines(invalid: ValidationError) -> list[str]:
    return [f"  {'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in invalid.errors()]
