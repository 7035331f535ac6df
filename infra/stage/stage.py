"""One stage of cdk.json: its size, who may connect, what the stack creates, and what exists already.

A table within the stage has a file of its own beside this one.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from functions.runtime.settings import AuthMode, LogLevel
from infra.stage import types
from infra.stage.archive import ArchiveStage
from infra.stage.cache import ExistingCache, NewCache
from infra.stage.china import is_in_china, lacking
from infra.stage.edge import EdgeStage
from infra.stage.errors import error_lines
from infra.stage.gallery import GalleryStage
from infra.stage.identity import IdentityStage
from infra.stage.kafka import ExistingKafka, ProvisionedKafka, ServerlessKafka
from infra.stage.limits import Rates, Reserved, Throttles
from infra.stage.network import DEFAULT_ZONES, NetworkStage
from infra.stage.part import Part
from infra.stage.places import misplaced
from infra.stage.relay import RelayStage
from infra.stage.review import ReviewStage


class StageError(Exception):
    """cdk.json has no such stage, or the stage is invalid. The message has one line for each error."""


class Stage(Part):
    """`allowed_origins`: the origins of web pages that may connect, such as `https://shop.example`; all if empty.
    `api_docs`: anybody may read the HTTP API's description and try it on a page. `alarm_email`: who receives the
    alarms. `log_retention`: a name of the CDK's RetentionDays. `log_kms_key_arn`: the key that encrypts the logs.

    `account` and `region`: the only ones that the stage is deployed to. `protect`: CloudFormation refuses to delete the
    stack. `tags`: of all resources that take any and can change them.

    `deployment`: whether an alias moves to a new version at once (`all`), or by and by, and back if an alarm goes off.
    `keep_versions`: versions stay when others take their place, so that an alias can be put back.

    `token_secret_arn`: an existing secret with the token keys, which replaces the stack's own.
    `token_secret_kms_key_arn`: the key of yours that it is encrypted with.

    `gallery`: the viewers of a large room read over HTTP. `review`: a function of yours sees each chat before anybody
    else does. `identity`: tokens of the platform's identity
    provider are taken beside the stage's own."""

    name: types.StageName
    account: types.AccountId | None = None
    region: types.RegionName | None = None
    protect: bool = False
    tags: dict[types.TagName, types.TagValue] = Field(default_factory=dict)
    auth_mode: AuthMode
    allowed_origins: Annotated[tuple[types.Origin, ...], Field(strict=False)]
    api_docs: bool = False
    heartbeat_seconds: Annotated[int, Field(ge=10, le=300)] = 60
    alarm_email: types.Email | None = None
    log_retention: types.LogRetention
    log_level: LogLevel = "WARNING"
    log_kms_key_arn: types.KeyArn | None = None
    snap_start: bool
    deployment: Literal["all", "canary", "linear"] = "all"
    keep_versions: bool = False
    token_secret_arn: types.SecretArn | None = None
    token_secret_kms_key_arn: types.KeyArn | None = None
    network: NetworkStage
    kafka: Annotated[ProvisionedKafka | ServerlessKafka | ExistingKafka, Field(discriminator="kind")]
    cache: Annotated[NewCache | ExistingCache, Field(discriminator="kind")]
    relay: RelayStage
    archive: ArchiveStage
    rates: Rates = Rates()
    throttles: Throttles
    edge: EdgeStage
    gallery: GalleryStage | None = None
    reserved: Reserved = Reserved()
    review: ReviewStage | None = None
    identity: IdentityStage | None = None

    @field_validator("token_secret_kms_key_arn")
    @classmethod
    def _is_for_a_given_secret(cls, key: str | None, info: ValidationInfo) -> str | None:
        if key is not None and info.data.get("token_secret_arn") is None:
            raise ValueError("it is for a secret of yours, and token_secret_arn is not set")
        return key

    @field_validator("kafka", "cache")
    @classmethod
    def _is_in_an_existing_vpc_if_it_exists(cls, box: Any, info: ValidationInfo) -> Any:
        network = info.data.get("network")
        if box.kind == "existing" and network is not None and network.existing is None:
            raise ValueError("what is there already is reached from its own VPC only: name that in network.existing")
        return box

    @field_validator("kafka")
    @classmethod
    def _has_a_zone_for_each_broker(cls, kafka: Any, info: ValidationInfo) -> Any:
        network = info.data.get("network")
        if network is None or not isinstance(kafka, ProvisionedKafka):
            return kafka
        zones = network.zones
        if zones and kafka.brokers > len(zones):
            where = "network.existing.availability_zones" if network.existing else "network.availability_zones"
            raise ValueError(f"{kafka.brokers} brokers are in {kafka.brokers} zones, and {where} has {len(zones)}")
        return kafka

    @field_validator("gallery")
    @classmethod
    def _has_a_cache_in_front(cls, gallery: GalleryStage | None, info: ValidationInfo) -> GalleryStage | None:
        edge = info.data.get("edge")
        if gallery is not None and edge is not None and not edge.distribution:
            raise ValueError("its readers ask CloudFront's cache, and there is none: edge.distribution is false")
        if gallery is not None and edge is not None and edge.http_domain:
            raise ValueError("its readers call CloudFront, not edge.http_domain: use edge.domain")
        return gallery

    @field_validator("review")
    @classmethod
    def _is_within_reach(cls, review: ReviewStage | None, info: ValidationInfo) -> ReviewStage | None:
        network = info.data.get("network")
        if review is not None and network is not None and network.egress == "ipv6" and is_in_china(review.region):
            reason = f"Lambda has no name with IPv6 addresses that is known in {review.region}"
            raise ValueError(f"{reason}: set network.egress to 'nat'")
        return review

    @field_validator("identity")
    @classmethod
    def _is_for_tokens(cls, identity: IdentityStage | None, info: ValidationInfo) -> IdentityStage | None:
        if identity is not None and info.data.get("auth_mode") == "open":
            raise ValueError("nobody is asked for a token, since auth_mode is 'open': leave it out")
        return identity

    @property
    def zones(self) -> int:
        """The number of zones of the VPC: one for each broker, if they are not named."""
        if self.network.zones:
            return len(self.network.zones)
        return max(DEFAULT_ZONES, self.kafka.brokers) if isinstance(self.kafka, ProvisionedKafka) else DEFAULT_ZONES

    @property
    def makes_topics_itself(self) -> bool:
        """Whether a function makes the topics. CloudFormation makes those of a provisioned cluster."""
        return self.kafka.make_topics if isinstance(self.kafka, ExistingKafka) else self.kafka.kind == "serverless"

    @property
    def has_on_demand_mappings(self) -> bool:
        """Whether an event source mapping is in on-demand mode. Its pollers call Lambda and STS from the VPC."""
        return not self.relay.low_latency or self.archive.mode == "on_demand"

    @classmethod
    def of(cls, name: str, stages: Any) -> Self:
        """The stage `name` out of cdk.json's table `stages`. Raises StageError."""
        if not isinstance(stages, Mapping):
            raise StageError("cdk.json has no table of stages, context.stages")
        if name not in stages:
            raise StageError(f"no stage {name!r} in cdk.json; it has {', '.join(sorted(stages))}")
        if not isinstance(stages[name], Mapping):
            raise StageError(f"stage {name!r} in cdk.json is no table")
        table = {**stages[name], "name": name}
        try:
            stage = cls.model_validate(table)
        except ValidationError as invalid:
            raise _refused(name, error_lines(invalid.errors(), table)) from None
        if lines := [*misplaced(stage), *lacking(stage)]:
            raise _refused(name, lines)
        return stage


def _refused(name: str, lines: Sequence[str]) -> StageError:
    return StageError("\n".join([f"stage {name!r} in cdk.json:", *(f"  {line}" for line in lines)]))
