"""The table `kafka`: a new MSK cluster of one of two kinds, or an existing one."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra.stage import types
from infra.stage.part import Part
from infra.stage.types import Count


class Retention(Part):
    """How long the topics keep records."""

    live_retention_minutes: Annotated[int, Field(ge=10)]
    save_retention_hours: Count

    @field_validator("save_retention_hours")
    @classmethod
    def _is_at_least_the_live_topics(cls, hours: int, info: ValidationInfo) -> int:
        if hours * 60 < info.data.get("live_retention_minutes", 0):
            raise ValueError("what is to be archived must be kept for as long as live_retention_minutes")
        return hours


class ProvisionedKafka(Retention):
    """An MSK cluster of one broker in each of two or three zones. `broker_logs`: keep the brokers' logs.
    `volume_max_gb`: MSK enlarges the volumes up to this size. `kms_key_arn`: the key that encrypts the volumes.

    Raise `generation` for another cluster in its place, with empty topics.
    """

    kind: Literal["provisioned"]
    generation: Count = 1
    kms_key_arn: types.KeyArn | None = None
    broker_type: types.BrokerType
    brokers: Annotated[int, Field(ge=2, le=3)] = 2
    volume_gb: Annotated[int, Field(ge=1, le=16384)]
    volume_max_gb: Annotated[int, Field(ge=2, le=16384)] | None = None
    broker_logs: bool = True

    @field_validator("volume_max_gb")
    @classmethod
    def _is_above_the_first_size(cls, most: int | None, info: ValidationInfo) -> int | None:
        if most is not None and most <= info.data.get("volume_gb", 0):
            raise ValueError(f"must be more than volume_gb, which is {info.data['volume_gb']}")
        return most


class ServerlessKafka(Retention):
    """A cluster of MSK Serverless. Raise `generation` for another one in its place, with empty topics."""

    kind: Literal["serverless"]
    generation: Count = 1


class ExistingKafka(Retention):
    """An existing MSK cluster with IAM authentication, and its brokers' security group. `make_topics`: false if both
    topics exist."""

    kind: Literal["existing"]
    cluster_arn: types.ClusterArn
    security_group_id: types.SecurityGroupId
    make_topics: bool = True
