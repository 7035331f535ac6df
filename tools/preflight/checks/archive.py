"""The archive's table, if the stage names one that is there already: its keys and its indexes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.preflight.account import Absent, Account
from tools.preflight.finding import Check, Finding, ok, stop, warning
from tools.preflight.plan import Plan

KEYS = "pk (S), sk (S)"


@dataclass(frozen=True)
class Index:
    """An index that the functions read. `holds`: what it has beside its keys. `about`: what they read there."""

    name: str
    keys: str
    holds: frozenset[str]
    about: str

    def __str__(self) -> str:
        holding = f", which holds {' and '.join(sorted(self.holds))}" if self.holds else ""
        return f"an index {self.name} with the keys {self.keys}{holding}"


# As infra/archive.py makes them.
INDEXES = (
    Index("top", "topOf (S), seconds (N)", frozenset({"userId", "username"}), "who watched longest"),
    Index("user", "userId (S), pk (S)", frozenset(), "what is stored of a user"),
)


async def table(account: Account, plan: Plan) -> list[Finding]:
    archive = plan.table.get("archive")
    name = archive.get("table") if isinstance(archive, Mapping) else None
    if not name:
        return []
    try:
        found = (await account.ask("dynamodb", "describe_table", TableName=name))["Table"]
    except Absent:
        return [stop("table", f"{name} is not in this account and Region: correct archive.table")]
    if found["TableStatus"] not in ("ACTIVE", "UPDATING"):
        return [stop("table", f"{name} is {found['TableStatus']}: wait until it is ACTIVE")]
    return wrong_with(name, found) or [ok("table", f"{name}, with its indexes")]


def wrong_with(name: str, table: Mapping[str, Any]) -> list[Finding]:
    """What a table that is there lacks."""
    if (keys := _keys(table, table["KeySchema"])) != KEYS:
        return [stop("table", f"{name} has the keys {keys}, not {KEYS}: name another one as archive.table")]
    return [*_lacking(name, table)]


def _lacking(name: str, table: Mapping[str, Any]) -> Iterator[Finding]:
    there = {one["IndexName"]: one for one in table.get("GlobalSecondaryIndexes", ())}
    for index in INDEXES:
        found = there.get(index.name)
        if found is None:
            yield stop("table", f"{name} lacks {index}: add it, {index.about} is read there")
        elif _keys(table, found["KeySchema"]) != index.keys or not _holds(found["Projection"], index):
            yield stop("table", f"{name} has another index {index.name}: put {index} in its place")
        elif found["IndexStatus"] != "ACTIVE":
            yield warning("table", f"{index.name} of {name} is {found['IndexStatus']}: {index.about} is not there yet")


def _keys(table: Mapping[str, Any], schema: Sequence[Mapping[str, str]]) -> str:
    """The hash key and the range key, each with its type."""
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    ordered = sorted(schema, key=lambda one: one["KeyType"])
    return ", ".join(f"{one['AttributeName']} ({types[one['AttributeName']]})" for one in ordered)


def _holds(projection: Mapping[str, Any], index: Index) -> bool:
    return projection["ProjectionType"] == "ALL" or index.holds <= set(projection.get("NonKeyAttributes", ()))


CHECKS: Mapping[str, Check] = {"table": table}
