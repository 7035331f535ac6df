"""DynamoDB, SQS and Secrets Manager for a laptop: moto's server, which answers AWS's own clients from memory.

`python -m local.servers.moto` runs one in the foreground and prints its URL.
"""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.servers.process import ServerFailed
from local.servers.server import ScriptServer, run_in_foreground
from tools.parser import Parser

REGION = "us-east-1"
ANSWER_SECONDS = 10

# The table of the stack (infra/archive.py).
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "topOf", "AttributeType": "S"},
        {"AttributeName": "seconds", "AttributeType": "N"},
        {"AttributeName": "userId", "AttributeType": "S"},
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
}
TIME_TO_LIVE = {"AttributeName": "expires", "Enabled": True}


class Moto(ScriptServer):
    """A moto at `http://127.0.0.1:PORT`. It checks neither signatures nor permissions."""

    name = "moto"
    script = "moto_server.py"


class MotoResources:
    """The stack's resources in the moto at `url`; raises ServerFailed if something else answers there, or nothing.

    A resource that exists is kept as it is, so a moto that outlives an emulator keeps its data.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    async def put_secret(self, name: str, text: str) -> None:
        """Set the text of a secret, and create it if necessary."""
        made = await self._call("secretsmanager.CreateSecret", {"Name": name, "SecretString": text})
        if "ARN" not in made:
            await self._call("secretsmanager.PutSecretValue", {"SecretId": name, "SecretString": text})

    async def make_table(self, name: str) -> None:
        made = await self._call("DynamoDB_20120810.CreateTable", {"TableName": name, **TABLE})
        if "TableDescription" in made:
            forgets = {"TableName": name, "TimeToLiveSpecification": TIME_TO_LIVE}
            await self._call("DynamoDB_20120810.UpdateTimeToLive", forgets)

    async def make_queue(self, name: str) -> str:
        """Create a queue if it does not exist; returns its URL, which has this moto's address."""
        return str((await self._call("AmazonSQS.CreateQueue", {"QueueName": name}))["QueueUrl"])

    async def _call(self, target: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What is answered; an empty object if the resource exists."""
        return await asyncio.to_thread(self._called, target, arguments)

    def _called(self, target: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        # boto3 would do this too, for half a second of the start and 30 MB.
        service = _SERVICES[target.partition(".")[0]]
        scope = f"Credential=any/20000101/{REGION}/{service}/aws4_request"
        headers = {
            "Content-Type": f"application/x-amz-json-1.{0 if service != 'secretsmanager' else 1}",
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=any",
        }
        try:
            request = urllib.request.Request(self._url, json.dumps(arguments).encode(), headers)
            with _OPENER.open(request, timeout=ANSWER_SECONDS) as response:
                answer: dict[str, Any] = json.loads(response.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            if error.code == HTTPStatus.BAD_REQUEST and any(name in text for name in _EXISTS):
                return {}
            raise ServerFailed(f"moto at {self._url}: {target}: {error.code} {text[:200]}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no URL, or no JSON
            raise ServerFailed(f"moto at {self._url}: Could not connect, or it is no moto: {error}") from None
        return answer


_SERVICES = {"secretsmanager": "secretsmanager", "DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}
_EXISTS = ("ResourceExistsException", "ResourceInUseException")
# moto is on this machine, and no proxy is asked.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


if __name__ == "__main__":
    Parser("python -m local.servers.moto", description="Run moto in the foreground").parse_args()
    run_in_foreground(Moto())
