import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType

from local.servers.moto_server import AtomicItems, PartitionedTable


@pytest.mark.parametrize(("target", "at_once"), [("DynamoDB_20120810.UpdateItem", 1), ("", 2)])
def test_requests_to_dynamodb_are_answered_one_at_a_time_and_others_side_by_side(target: str, at_once: int) -> None:
    met = threading.Barrier(at_once)
    busy = 0
    most = 0

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        nonlocal busy, most
        busy += 1
        met.wait(timeout=10)
        most = max(most, busy)
        yield b"answered"
        busy -= 1

    atomic = AtomicItems(app)
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda _: b"".join(atomic({"HTTP_X_AMZ_TARGET": target}, print)), range(2))
        assert list(answers) == [b"answered"] * 2
    assert most == at_once


class NotLookedThrough(dict[Any, Any]):
    def values(self) -> Any:
        raise AssertionError("this partition was not asked for")


@pytest.mark.parametrize("index", [None, "top"])
def test_a_query_looks_through_its_own_partition_alone(index: str | None) -> None:
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    by_seconds = [{"AttributeName": "topOf", "KeyType": "HASH"}, {"AttributeName": "seconds", "KeyType": "RANGE"}]
    table = PartitionedTable(  # type: ignore[abstract]
        "rooms",
        account_id="123456789012",
        region="us-east-1",
        schema=schema,
        indexes=[],
        attr=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "topOf", "seconds")],
        global_indexes=[{"IndexName": "top", "KeySchema": by_seconds, "Projection": {"ProjectionType": "ALL"}}],
    )
    for user in ("b", "a"):
        names = {"pk": "one", "sk": user, "topOf": "one", "seconds": user}
        table.put_item({name: {"S": text} for name, text in names.items()})
    table.items[DynamoType({"S": "other"})] = NotLookedThrough()
    one = DynamoType({"S": "one"})
    key = "topOf" if index else "pk"
    found, *_ = table.query(one, None, [], 10, None, True, None, index, hash_key_conditions=[(key, one)])
    assert [item.attrs["sk"].value for item in found] == ["a", "b"]


def test_a_query_of_the_index_of_users_finds_those_of_all_partitions() -> None:
    table = PartitionedTable(  # type: ignore[abstract]
        "rooms",
        account_id="123456789012",
        region="us-east-1",
        schema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        indexes=[],
        attr=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "userId")],
        global_indexes=[
            {
                "IndexName": "user",
                "KeySchema": [
                    {"AttributeName": "userId", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    for pk, user in (("two", "a"), ("one", "a"), ("one", "b"), ("three", None)):
        names = {"pk": pk, "sk": f"{pk}-{user}", **({"userId": user} if user else {})}
        table.put_item({name: {"S": text} for name, text in names.items()})
    wanted = DynamoType({"S": "a"})
    found, *_ = table.query(wanted, None, [], 10, None, True, None, "user", hash_key_conditions=[("userId", wanted)])
    assert [item.attrs["pk"].value for item in found] == ["one", "two"]
