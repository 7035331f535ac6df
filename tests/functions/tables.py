"""The table as the stack makes it, on moto."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from functions.adapters.aws.client import aws_client
from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.handlers import archive
from functions.runtime.settings import Settings
from functions.usecases.archiver import Archiver

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
# Tests count requests, and one that is not answered in time is made again. A busy machine has longer than a function.
ANSWER_SECONDS = 60.0


@asynccontextmanager
async def api(url: str) -> AsyncIterator[DynamoDbApi]:
    """The API of the moto at `url`."""
    client = DynamoDbApi(CredentialSource(KEYS), region=REGION, url=url, answer_seconds=ANSWER_SECONDS)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def archive_parts(url: str, table: str) -> AsyncIterator[Archiver]:
    """The archive's parts as the function makes them, led to the moto at `url`. A function never closes its client."""
    settings = Settings(table=table, failure_queue="http://q", partial_responses="true")
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {"AWS_ENDPOINT_URL_DYNAMODB": url, **KEYS}.items():
            patch.setenv(variable, value)
        dynamodb = DynamoDbApi.of_environment(os.environ, region=settings.aws_region)
        patch.setattr(DynamoDbApi, "of_environment", lambda *_, **__: dynamodb)
        try:
            yield await archive.build(settings)
        finally:
            await dynamodb.close()


def client(url: str) -> Any:
    """boto3's client of the moto at `url`."""
    options: dict[str, Any] = {"endpoint_url": url, **{name.lower(): value for name, value in KEYS.items()}}
    return aws_client("dynamodb", REGION, connect_seconds=ANSWER_SECONDS, answer_seconds=ANSWER_SECONDS, **options)


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
            {"AttributeName": "userId", "AttributeType": "S"},
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
            },
            {
                "IndexName": "user",
                "KeySchema": [
                    {"AttributeName": "userId", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
    )
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
