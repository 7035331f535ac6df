import asyncio
import contextlib
import http.client
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from functions.adapters.aws.secrets import SecretsManager, SecretUnavailable, secrets_client
from local.servers.moto import REGION, TABLE, TIME_TO_LIVE, Moto, MotoResources
from local.servers.moto_server import NICE
from local.servers.process import ServerFailed, accepts
from tests.functions.tables import api, make_table


@pytest.fixture
async def moto() -> AsyncIterator[Moto]:
    moto = Moto()
    await moto.start()
    yield moto
    await moto.stop()


def secret(moto: Moto, name: str) -> SecretsManager:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return SecretsManager(name, partial(secrets_client, REGION, endpoint_url=moto.address, **keys))


async def test_a_secret_is_read_as_it_was_last_put(moto: Moto) -> None:
    resources = MotoResources(moto.address)
    await resources.put_secret("keys", "first")
    reader = secret(moto, "keys")
    assert await reader.read() == "first"
    await resources.put_secret("keys", "second")
    assert await reader.read() == "second"
    with pytest.raises(SecretUnavailable, match="ResourceNotFoundException"):
        await secret(moto, "others").read()


async def test_connections_are_kept_open(moto: Moto) -> None:
    connection = http.client.HTTPConnection(moto.address.removeprefix("http://"))
    with contextlib.closing(connection):
        for _ in range(2):
            connection.request("GET", "/moto-api/data.json")
            with connection.getresponse() as answer:
                assert answer.status == 200
                assert answer.read()
                assert not answer.will_close


async def test_an_expression_that_comes_again_has_the_names_and_values_of_its_own_request(moto: Moto) -> None:
    table = await make_table(moto.address)
    async with api(moto.address) as dynamodb:
        for key, name, value in (("1", "chats", "5"), ("2", "likes", "7"), ("1", "likes", "2"), ("1", "chats", "3")):
            update = {
                "TableName": table,
                "Key": {"pk": {"S": key}, "sk": {"S": key}},
                "UpdateExpression": "ADD #name :value",
                "ExpressionAttributeNames": {"#name": name},
                "ExpressionAttributeValues": {":value": {"N": value}},
            }
            await dynamodb.call("UpdateItem", update)
        found = (await dynamodb.call("Scan", {"TableName": table}))["Items"]
    stored = {item.pop("pk")["S"]: {name: value["N"] for name, value in item.items() if name != "sk"} for item in found}
    assert stored == {"1": {"chats": "8", "likes": "2"}, "2": {"likes": "7"}}


async def test_it_stands_back_where_there_is_too_little_cpu(moto: Moto) -> None:
    port = int(moto.address.rpartition(":")[2])  # the session may have another moto
    [server] = [
        child
        for child in psutil.Process().children(recursive=True)
        if any(one.laddr.port == port and one.status == psutil.CONN_LISTEN for one in child.net_connections("tcp"))
    ]
    assert server.nice() - psutil.Process().nice() == NICE
    sessions = Path(f"/proc/{server.pid}/autogroup")
    if sessions.exists():  # "/autogroup-N nice N"
        assert sessions.read_text().split()[-1] == str(NICE)


async def test_killed_it_is_gone() -> None:
    moto = Moto()
    await moto.start()
    address = moto.address.removeprefix("http://")
    assert await accepts(address)
    await moto.kill()
    assert not await accepts(address)


def test_it_has_no_address_before_it_is_started() -> None:
    with pytest.raises(ServerFailed, match="no address"):
        _ = Moto().address


def client(service: str, url: str) -> Any:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client(service, region_name=REGION, endpoint_url=url, **keys)


async def test_the_table_is_made_as_it_is_meant_and_made_again_it_stays(moto_url: str) -> None:
    dynamodb = client("dynamodb", moto_url)
    resources = MotoResources(moto_url)
    await resources.make_table("meant")
    item = {"pk": {"S": "room#1"}, "sk": {"S": "m#0"}}
    dynamodb.put_item(TableName="meant", Item=item)
    await resources.make_table("meant")
    made = dynamodb.describe_table(TableName="meant")["Table"]
    assert made["KeySchema"] == TABLE["KeySchema"]
    assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == ["top", "user"]
    assert made["ItemCount"] == 1
    forgets = dynamodb.describe_time_to_live(TableName="meant")["TimeToLiveDescription"]
    assert (forgets["AttributeName"], forgets["TimeToLiveStatus"]) == (TIME_TO_LIVE["AttributeName"], "ENABLED")


async def test_a_queue_keeps_its_url_and_what_is_in_it(moto_url: str) -> None:
    resources, sqs = MotoResources(moto_url), client("sqs", moto_url)
    url = await resources.make_queue("failures")
    assert url.startswith(f"{moto_url}/")
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert await resources.make_queue("failures") == url
    assert [one["Body"] for one in sqs.receive_message(QueueUrl=url)["Messages"]] == ["poison"]


async def test_where_nothing_listens_is_told_in_one_line() -> None:
    with pytest.raises(ServerFailed, match=r"moto at http://127\.0\.0\.1:1: Could not connect"):
        await MotoResources("http://127.0.0.1:1").make_queue("failures")


async def test_attributes_of_every_type_are_read_as_they_were_written(moto: Moto) -> None:
    await MotoResources(moto.address).make_table("rooms")
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=moto.address, **keys)
    key: dict[str, Any] = {"pk": {"S": "one"}, "sk": {"S": "two"}}
    item = key | {
        "text": {"S": "S"},
        "amount": {"N": "-12345678901234567890.5"},
        "yes": {"BOOL": True},
        "nothing": {"NULL": True},
        "bytes": {"B": b"\x00\xff"},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2"]},
        "list": {"L": [{"S": "a"}, {"L": [{"N": "1"}]}, {"M": {"S": {"B": b"\x01"}}}]},
        "map": {"M": {"S": {"S": "a"}, "N": {"M": {"BOOL": {"BOOL": False}}}}},
    }
    await asyncio.to_thread(client.put_item, TableName="rooms", Item=item)
    assert (await asyncio.to_thread(client.get_item, TableName="rooms", Key=key))["Item"] == item
    named = {"ExpressionAttributeValues": {":one": {"S": "one"}}, "KeyConditionExpression": "pk = :one"}
    assert (await asyncio.to_thread(client.query, TableName="rooms", **named))["Items"] == [item]
    several = await asyncio.to_thread(client.batch_get_item, RequestItems={"rooms": {"Keys": [key]}})
    assert several["Responses"]["rooms"] == [item]
    added = {"UpdateExpression": "ADD amount :a", "ExpressionAttributeValues": {":a": {"N": "2"}}}
    updated = await asyncio.to_thread(client.update_item, TableName="rooms", Key=key, ReturnValues="ALL_NEW", **added)
    assert updated["Attributes"] == item | {"amount": {"N": "-12345678901234567888.5"}}
