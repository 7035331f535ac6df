"""Secrets Manager, read with boto3 in a thread: Lambda's Python carries it, and a secret is read once in minutes."""

import asyncio
from collections.abc import Callable
from typing import Any

from functions.adapters.aws_client import aws_client

# An authorizer has 5 s for all it does, and whoever opens a connection waits for it.
CONNECT_SECONDS = 1
ANSWER_SECONDS = 1.5
READ_SECONDS = 3


class SecretUnavailable(Exception):
    """The secret cannot be read or used; the message says why and holds nothing of it."""


class SecretsManager:
    """One secret, by its name or ARN. `client` makes boto3's client when it is first needed."""

    def __init__(self, secret_id: str, client: Callable[[], Any]) -> None:
        self._secret_id = secret_id
        self._make_client = client
        self._client: Any = None

    async def read(self) -> str:
        """The secret's text as it is now; raises SecretUnavailable."""
        if not self._secret_id:
            raise SecretUnavailable("TOKEN_SECRET is not set: it names the secret of the token keys")
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(self._read)
        except TimeoutError:
            raise SecretUnavailable(f"secret {self._secret_id}: no answer within {READ_SECONDS} s") from None

    def _read(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._client is None:
                self._client = self._make_client()
            return str(self._client.get_secret_value(SecretId=self._secret_id)["SecretString"])
        except KeyError:
            raise SecretUnavailable(f"secret {self._secret_id} is no text") from None
        except (BotoCoreError, ClientError) as error:
            raise SecretUnavailable(f"secret {self._secret_id}: {error}") from None


def secrets_client(region: str, **options: Any) -> Any:
    """boto3's client; `options` go to it. One attempt: whoever waits has no time for another."""
    return aws_client(
        "secretsmanager",
        region,
        connect_seconds=CONNECT_SECONDS,
        answer_seconds=ANSWER_SECONDS,
        attempts=1,
        **options,
    )
