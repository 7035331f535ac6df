"""A table that the stage names: what the functions read must be there."""

import asyncio
from typing import Any

import pytest

from tests.functions import tables
from tests.tools.preflight.stubs import REGION, Stubs
from tests.tools.preflight.test_given import found, plan
from tools.preflight.account import Account
from tools.preflight.checks import archive

SAID = ("TableStatus", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")


@pytest.fixture
def described(moto_url: str) -> dict[str, Any]:
    """What DynamoDB says of a table as the stack makes it."""
    name = asyncio.run(tables.make_table(moto_url))
    table = tables.client(moto_url).describe_table(TableName=name)["Table"]
    # moto says of a capacity that nobody provisioned what AWS does not.
    for one in (table, *table["GlobalSecondaryIndexes"]):
        one.pop("ProvisionedThroughput", None)
    return {name: value for name, value in table.items() if name in SAID}


def checked(answer: Any) -> dict[str, tuple[str, str]]:
    account = Account(REGION, Stubs({"dynamodb.describe_table": answer}))
    return found(archive.table, account, plan(archive={"table": "kept"}))


def with_index(table: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    """The table, with another index of this name; with none for `gone`."""
    indexes = [
        one | changes if one["IndexName"] == name else one
        for one in table["GlobalSecondaryIndexes"]
        if not (one["IndexName"] == name and "gone" in changes)
    ]
    return {"Table": {**table, "GlobalSecondaryIndexes": indexes}}


def test_a_table_as_the_stack_makes_it_is_ok(described: dict[str, Any]) -> None:
    assert checked({"Table": described}) == {"table": ("ok", "kept, with its indexes")}
    assert checked(with_index(described, "top", Projection={"ProjectionType": "ALL"}))["table"][0] == "ok"


def test_without_a_table_nothing_is_asked() -> None:
    stubs = Stubs({})
    assert found(archive.table, Account(REGION, stubs), plan(archive={})) == {}
    assert stubs.asked == []


def test_what_a_table_lacks_is_named_with_the_way_out(described: dict[str, Any]) -> None:
    by_pk = [{"AttributeName": "pk", "KeyType": "HASH"}]
    user, top = "an index user with the keys userId (S), pk (S)", "an index top with the keys topOf (S), seconds (N)"
    holding = f"{top}, which holds userId and username"
    cases: list[tuple[Any, str, str]] = [
        ("ResourceNotFoundException", "stop", "correct archive.table"),
        ({"Table": described | {"TableStatus": "CREATING"}}, "stop", "kept is CREATING: wait until it is ACTIVE"),
        ({"Table": described | {"KeySchema": by_pk}}, "stop", "kept has the keys pk (S), not pk (S), sk (S)"),
        (with_index(described, "user", gone=True), "stop", f"kept lacks {user}: add it, what is stored of a user"),
        (with_index(described, "top", gone=True), "stop", f"kept lacks {holding}: add it, who watched longest"),
        (with_index(described, "user", KeySchema=by_pk), "stop", f"another index user: put {user} in its place"),
        (with_index(described, "top", Projection={"ProjectionType": "KEYS_ONLY"}), "stop", f"put {holding} in"),
        (with_index(described, "user", IndexStatus="CREATING"), "warning", "user of kept is CREATING"),
    ]
    for answer, level, said in cases:
        ((name, (got, text)),) = checked(answer).items()
        assert (name, got) == ("table", level), said
        assert said in text


def test_a_table_without_any_index_lacks_both(described: dict[str, Any]) -> None:
    described.pop("GlobalSecondaryIndexes")
    wrong = archive.wrong_with("kept", described)
    assert [(one.level, one.text.partition(" with ")[0]) for one in wrong] == [
        ("stop", "kept lacks an index top"),
        ("stop", "kept lacks an index user"),
    ]
