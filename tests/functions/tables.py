"""The table as the stack makes it, on moto."""

import asyncio
from typing import Any
from uuid import uuid4

from functions.adapters.dynamodb import dynamodb_client

REGION = "us-east-1"


def client(url: str) -> Any:
    """boto3's client of the moto at `url`."""
    return dynamodb_client(REGION, endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any")


async def make_table(url: str) -> str:
    """A new, empty table on the moto at `url`; returns its name, which no other has."""
    name = f"rooms-{uuid4().hex}"
    await asyncio.to_thread(_make_table, client(url), name)
    return name


def _make_table(dynamodb: Any, name: str) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "topOf", "AttributeType": "S"},
            {"AttributeName": "seconds", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "top",
                "KeySchema": [
                    {"AttributeName": "topOf", "KeyType": "HASH"},
                    {"AttributeName": "seconds", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["userId", "username"]},
            }
        ],
    )
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
