"""The table `cache`: a new ElastiCache Serverless cache, or an existing one."""

from typing import Annotated, Literal

from pydantic import Field

from infra.stage import types
from infra.stage.part import Part


class NewCache(Part):
    """A new ElastiCache Serverless cache and its limits. `kms_key_arn`: the key that encrypts what it stores."""

    kind: Literal["serverless"]
    max_gb: Annotated[int, Field(ge=1, le=5000)]
    max_ecpu_per_second: Annotated[int, Field(ge=1000, le=15_000_000)]
    kms_key_arn: types.KeyArn | None = None


class ExistingCache(Part):
    """An existing ElastiCache Serverless cache for Valkey with IAM authentication. `user_id`: the functions' user."""

    kind: Literal["existing"]
    name: types.CacheName
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 6379
    user_id: Annotated[str, Field(min_length=1)]
    security_group_id: types.SecurityGroupId
