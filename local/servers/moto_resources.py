"""What the stack makes in Secrets Manager, DynamoDB and SQS, made in moto.

Each is made if it is not there, so that a moto which outlives an emulator keeps what was stored.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.servers.process import ServerFailed

REGION = "us-east-1"
ANSWER_SECONDS = 10
T = TypeVar("T")

# The shape of the stack's table (infra/archive.py).
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "topOf", "AttributeType": "S"},
        {"AttributeName": "seconds", "AttributeType": "N"},
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "top",
            "KeySchema": [
                {"AttributeName": "topOf", "KeyType": "HASH"},
                {"AttributeName": "seconds", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["userId", "username"]},
        }
    ],
}
TIME_TO_LIVE = {"AttributeName": "expires", "Enabled": True}


class MotoResources:
    """Makes things in the moto at `url`; raises ServerFailed when it does not answer as a moto does."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def put_secret(self, name: str, text: str) -> None:
        """Give the secret of this name a new text; made if it is not there."""
        await self._ask(self._put_secret, name, text)

    async def make_table(self, name: str) -> None:
        """The archive's table, empty if it is new."""
        await self._ask(self._make_table, name)

    async def make_queue(self, name: str) -> str:
        """A queue; returns its URL, under this moto's own address."""
        return await self._ask(self._make_queue, name)

    async def _ask(self, work: Callable[..., T], *arguments: str) -> T:
        try:
            return await asyncio.to_thread(work, *arguments)
        except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: the URL is none
            raise ServerFailed(f"moto at {self._url}: {error}") from None

    def _put_secret(self, name: str, text: str) -> None:
        secrets = self._client("secretsmanager")
        try:
            secrets.create_secret(Name=name, SecretString=text)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=text)

    def _make_table(self, name: str) -> None:
        dynamodb = self._client("dynamodb")
        try:
            dynamodb.create_table(TableName=name, **TABLE)
        except dynamodb.exceptions.ResourceInUseException:
            return
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=TIME_TO_LIVE)

    def _make_queue(self, name: str) -> str:
        return str(self._client("sqs").create_queue(QueueName=name)["QueueUrl"])

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        # One attempt: a thread that goes on asking a moto which is gone would hold up the end of the process.
        config = Config(connect_timeout=1, read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1})
        # A session of its own: threads that share boto3's default one may trip over each other.
        return boto3.Session(region_name=REGION, **keys).client(service, endpoint_url=self._url, config=config)
