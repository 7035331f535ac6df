import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import httpx
import pytest
from moto.dynamodb.models.dynamo_type import DynamoType

from local.servers.moto_server import PartitionedTable, Served


def served(app: Callable[..., Any]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(Served(app)), base_url="http://127.0.0.1:1")


@pytest.mark.parametrize(("target", "at_once"), [("DynamoDB_20120810.UpdateItem", 1), ("", 2)])
async def test_requests_to_dynamodb_are_answered_one_at_a_time_and_others_side_by_side(
    target: str, at_once: int
) -> None:
    met = threading.Barrier(at_once)
    busy = 0
    most = 0

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        nonlocal busy, most
        busy += 1
        start_response("200 OK", [])
        met.wait(timeout=10)
        most = max(most, busy)
        yield b"answered"
        busy -= 1

    async with served(app) as client:
        answers = await asyncio.gather(*(client.post("/", headers={"X-Amz-Target": target}) for _ in range(2)))
    assert [answer.content for answer in answers] == [b"answered"] * 2
    assert most == at_once


async def test_an_application_gets_the_request_as_wsgi_has_it_and_its_answer_is_passed_on() -> None:
    got: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        got.update(environ, body=environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("X-One", "1")])
        return [b"no ", b"such thing"]

    async with served(validator(app)) as client:  # it raises where either side breaks the rules of WSGI
        headers = {"Content-Type": "text/a", "X-Amz-Date": "today"}
        answer = await client.put("/%C3%A9/x?a=%20b", content=b"body", headers=headers)
    assert (answer.status_code, answer.headers["x-one"], answer.text) == (404, "1", "no such thing")
    assert got["body"] == b"body"
    assert got["PATH_INFO"].encode("latin-1").decode() == "/é/x"
    read = {"REQUEST_METHOD": "PUT", "QUERY_STRING": "a=%20b", "CONTENT_TYPE": "text/a", "HTTP_X_AMZ_DATE": "today"}
    assert read.items() <= got.items()


async def test_half_a_request_is_not_answered() -> None:
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        pytest.fail(f"answered: {message}")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        pytest.fail("asked")

    await Served(app)({"type": "http"}, receive, send)


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
