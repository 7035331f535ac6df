"""How large a stage is, and whom it lets in: what differs between `dev` and `prod`, read from cdk.json."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args

from functions.settings import AuthMode

# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/,*?#@]+", re.IGNORECASE)


ArchiveMode = Literal["provisioned", "on_demand"]


class StageError(Exception):
    """cdk.json has no such stage, or its entry is not the table of sizes; the message says which and what."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """One stage of cdk.json, under the same names. `log_retention` is one of the CDK's RetentionDays.

    `allowed_origins`: where web pages that connect may come from, such as `https://shop.example`; none: anywhere.
    `archive_mode`: whether the archive's mapping has pollers of its own, which are paid for by the hour and report
    which records could not be stored. `keep_archive`: the table outlives its stack.
    """

    slices: int
    auth_mode: AuthMode
    allowed_origins: tuple[str, ...]
    nat_gateways: int
    broker_type: str
    broker_volume_gb: int
    live_retention_minutes: int
    save_retention_hours: int
    archive_mode: ArchiveMode
    archive_days: int
    keep_archive: bool
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
        problems += _doubts(table)
        if problems:
            raise StageError(f"stage {stage!r} in cdk.json: {'; '.join(problems)}")
        return cls(**{**table, "allowed_origins": tuple(table["allowed_origins"])})


def _doubts(table: Mapping[str, Any]) -> Iterator[str]:
    """What cannot be meant, of what decides who is let in and what is kept."""
    mode = table.get("auth_mode", "token")
    if mode not in get_args(AuthMode):
        yield f"auth_mode {mode!r} is not one of {', '.join(get_args(AuthMode))}"
    yield from _archive_doubts(table)
    origins = table.get("allowed_origins", [])
    if not isinstance(origins, list):
        yield f"allowed_origins {origins!r} is no list; an empty one lets pages of any origin in"
        return
    for origin in origins:
        if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
            yield f"allowed_origins has {origin!r}, which is no origin such as 'https://shop.example' or with a port"


def _archive_doubts(table: Mapping[str, Any]) -> Iterator[str]:
    archive_mode = table.get("archive_mode", "on_demand")
    if archive_mode not in get_args(ArchiveMode):
        yield f"archive_mode {archive_mode!r} is not one of {', '.join(get_args(ArchiveMode))}"
    days = table.get("archive_days", 1)
    if type(days) is not int or days < 1:
        yield f"archive_days {days!r} is not a number of days from 1"
    if not isinstance(table.get("keep_archive", True), bool):
        yield f"keep_archive {table['keep_archive']!r} is neither true nor false"
