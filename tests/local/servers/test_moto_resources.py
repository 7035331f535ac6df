from typing import Any

import boto3
import pytest

from local.servers.moto_resources import REGION, TABLE, TIME_TO_LIVE, MotoResources
from local.servers.process import ServerFailed


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
    assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == ["top"]
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
