"""How large a stage is: the numbers that differ between `dev` and `prod`, read from cdk.json."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from functions.settings import AuthMode


class StageError(Exception):
    """cdk.json has no such stage, or its entry is not the table of sizes; the message says which and what."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """One stage of cdk.json, under the same names. `log_retention` is one of the CDK's RetentionDays."""

    slices: int
    auth_mode: AuthMode
    nat_gateways: int
    broker_type: str
    broker_volume_gb: int
    live_retention_minutes: int
    save_retention_hours: int
    cache_gb: int
    cache_ecpu_per_second: int
    log_retention: str

    @classmethod
    def of(cls, stage: str, stages: Mapping[str, Mapping[str, Any]]) -> Self:
        """The sizes of `stage` out of cdk.json's `stages`; raises StageError."""
        if stage not in stages:
            raise StageError(f"no stage {stage!r} in cdk.json; it has {', '.join(sorted(stages))}")
        table = stages[stage]
        wanted = {field.name for field in fields(cls)}
        problems = [f"{name} is missing" for name in sorted(wanted - table.keys())]
        problems += [f"{name} is not known" for name in sorted(table.keys() - wanted)]
        if problems:
            raise StageError(f"stage {stage!r} in cdk.json: {'; '.join(problems)}")
        return cls(**table)
