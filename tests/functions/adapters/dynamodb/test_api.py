import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from functions.adapters.aws.credentials import Credentials, CredentialSource
from functions.adapters.dynamodb.api import DynamoDbApi, DynamoDbError
from tests.functions.adapters.aws.test_connections import hang_up, serving
from tests.functions.tables import REGION, make_table

NOW = 1_700_000_000
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
UPDATE = {"TableName": "rooms", "Key": {"pk": {"S": "room#42"}}}


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def asking(url: str, *, token: str = "", seconds: float = 3) -> AsyncIterator[DynamoDbApi]:
    source = CredentialSource(KEYS | {"AWS_SESSION_TOKEN": token})
    api = DynamoDbApi(source, region=REGION, url=url, clock=lambda: NOW, answer_seconds=seconds)
    try:
        yield api
    finally:
        await api.close()


def parsed(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


def authorized_by_botocore(headers: dict[str, str], body: bytes, token: str) -> str:
    # Those that botocore signs itself are not for it to be given.
    plain = {name: headers[name] for name in ("host", "x-amz-target")}
    request = AWSRequest("POST", f"http://{headers['host']}/", headers=plain, data=body)
    moment = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(BotoCredentials("AKID", "secret", token or None), "dynamodb", REGION).add_auth(request)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("token", ["", "t" * 800])
async def test_a_request_is_what_dynamodb_wants_signed_as_botocore_signs_it(token: str) -> None:
    async with serving(answer(b"{}")) as server, asking(server.url, token=token) as api:
        assert await api.call("UpdateItem", UPDATE) == {}
        assert await api.call("GetItem", UPDATE) == {}
    first, headers, body = parsed(server.requests[0])
    assert first == "POST / HTTP/1.1"
    assert headers["x-amz-target"] == "DynamoDB_20120810.UpdateItem"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert json.loads(body) == UPDATE
    for request in server.requests:
        _, headers, body = parsed(request)
        assert headers.get("x-amz-security-token", "") == token
        assert headers["authorization"] == authorized_by_botocore(headers, body, token)


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with serving(answer(b"{}")) as server, asking(server.url) as api:
        for _ in range(5):
            await api.call("UpdateItem", UPDATE)
    assert (len(server.requests), server.connections) == (5, 1)


async def test_an_answer_of_any_size_is_whole() -> None:
    items = {"UnprocessedItems": {"rooms": ["x" * 100_000]}}
    async with serving(answer(json.dumps(items).encode())) as server, asking(server.url) as api:
        assert await api.call("BatchWriteItem", {}) == items


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}', "500 x", "InternalServerError"),
        (b'{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}', "400 x", "ValidationException"),
        (b'{"__type":"ThrottlingException","Message":"no"}', "400 x", "ThrottlingException"),
        (b"{}", "413 x", "413"),
        (b"<html>", "503 x", "503"),
        (b"[]", "500 x", "500"),
        (b"<html>", "200 OK", ""),
    ],
)
async def test_an_error_has_the_name_that_dynamodb_gives_it(body: bytes, status: str, code: str) -> None:
    async with serving(answer(body, status)) as server, asking(server.url) as api:
        with pytest.raises(DynamoDbError) as raised:
            await api.call("UpdateItem", UPDATE)
    assert raised.value.code == code
    assert str(raised.value).endswith("no" if b'"no"' in body else code or "is not JSON")


async def test_a_kept_connection_that_has_died_is_no_error() -> None:
    async def close(head: bytes, writer: Any) -> None:
        writer.close()

    async with serving(answer(b"{}"), close, answer(b"{}")) as server, asking(server.url) as api:
        await api.call("UpdateItem", UPDATE)
        await api.call("UpdateItem", UPDATE)
    assert (len(server.requests), server.connections) == (3, 2)


async def test_a_server_that_hangs_up_or_says_nothing_is_an_error_without_a_name() -> None:
    over = asyncio.Event()

    async def silence(head: bytes, writer: Any) -> None:
        await over.wait()

    for behaviour, seconds in ((hang_up, 3), (silence, 0.05)):
        async with serving(behaviour) as server, asking(server.url, seconds=seconds) as api:
            with pytest.raises(DynamoDbError, match="UpdateItem at http") as raised:
                await api.call("UpdateItem", UPDATE)
            assert raised.value.code == ""
    over.set()


def failing(*codes: str) -> list[bytes]:
    """Answers with these errors, and one with none."""
    errors = [answer(json.dumps({"__type": f"x#{code}"}).encode(), "400 x") for code in codes]
    return [*errors, answer(b'{"Items":[]}')]


PAUSES = (0.2, 0.5, 1.0)


@asynccontextmanager
async def patient(url: str, slept: list[float]) -> AsyncIterator[DynamoDbApi]:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    api = DynamoDbApi(CredentialSource(KEYS), region=REGION, url=url, pauses=PAUSES, sleep=sleep)
    try:
        yield api
    finally:
        await api.close()


async def test_with_pauses_it_asks_again_after_pauses_that_grow() -> None:
    slept: list[float] = []
    answers = failing("ThrottlingException", "InternalServerError")
    async with serving(hang_up, *answers) as server, patient(server.url, slept) as api:
        assert await api.call("Query", {"TableName": "t"}) == {"Items": []}
    assert len(slept) == 3
    assert all(0 <= pause <= most for pause, most in zip(slept, PAUSES, strict=True))


async def test_in_the_end_it_gives_up() -> None:
    slept: list[float] = []
    async with serving(*failing(*["ThrottlingException"] * 4)) as server, patient(server.url, slept) as api:
        with pytest.raises(DynamoDbError, match="ThrottlingException"):
            await api.call("Query", {})
    assert (len(server.requests), len(slept)) == (4, 3)


async def test_what_patience_does_not_help_with_is_raised_at_once() -> None:
    slept: list[float] = []
    async with serving(*failing("AccessDeniedException")) as server, patient(server.url, slept) as api:
        with pytest.raises(DynamoDbError, match="AccessDeniedException"):
            await api.call("Query", {})
    async with patient("http://127.0.0.1:1", slept) as api:
        with pytest.raises(DynamoDbError, match="127.0.0.1:1"):
            await api.call("Query", {})
    assert slept == []


async def test_without_pauses_it_asks_once() -> None:
    async with serving(*failing("ThrottlingException")) as server, asking(server.url) as api:
        with pytest.raises(DynamoDbError, match="ThrottlingException"):
            await api.call("Query", {})
    assert len(server.requests) == 1


async def test_where_nobody_listens_it_says_where() -> None:
    async with asking("http://127.0.0.1:1") as api:
        with pytest.raises(DynamoDbError, match="127.0.0.1:1"):
            await api.call("UpdateItem", UPDATE)


async def test_without_credentials_it_says_so() -> None:
    with pytest.raises(DynamoDbError, match="AWS_ACCESS_KEY_ID"):
        await DynamoDbApi(CredentialSource({}), region=REGION).call("UpdateItem", UPDATE)


async def test_new_credentials_are_signed_with_at_once() -> None:
    coming = [Credentials("OLD", "secret"), Credentials("NEWER", "secret")]

    class Renewed(CredentialSource):
        async def current(self) -> Credentials:
            return coming.pop(0)

    async with serving(answer(b"{}")) as server:
        api = DynamoDbApi(Renewed({}), region=REGION, url=server.url)
        for _ in range(2):
            await api.call("UpdateItem", UPDATE)
        await api.close()
    assert [b"Credential=NEWER/" in request for request in server.requests] == [False, True]


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-west-1", "dynamodb.eu-west-1.amazonaws.com"), ("cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn")],
)
def test_without_an_address_it_is_the_regions(region: str, host: str) -> None:
    assert DynamoDbApi(CredentialSource(KEYS), region=region)._pool.authority == host


async def test_moto_takes_it_and_tells_what_is_wrong(moto_url: str) -> None:
    table = await make_table(moto_url)
    key = {"pk": {"S": "room#42"}, "sk": {"S": "m#1"}}
    value = {":new": {"S": "grüße"}}
    async with asking(moto_url) as api:
        update = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": "SET said = :new",
            "ConditionExpression": "attribute_not_exists(pk)",
            "ExpressionAttributeValues": value,
        }
        await api.call("UpdateItem", update)
        found = await api.call("GetItem", {"TableName": table, "Key": key})
        assert found["Item"]["said"] == {"S": "grüße"}
        for wrong, code in (
            (update, "ConditionalCheckFailedException"),
            (update | {"TableName": "nowhere"}, "ResourceNotFoundException"),
            (update | {"Key": {"pk": {"N": "1"}}}, "ValidationException"),
        ):
            with pytest.raises(DynamoDbError) as raised:
                await api.call("UpdateItem", wrong)
            assert raised.value.code == code
