"""Secrets Manager, read with boto3 in a thread. Lambda's Python has boto3, and a secret is read once in minutes."""

import asyncio
from collections.abc import Callable
from typing import Any

from functions.adapters.aws.client import CallFailed, ThreadedClient, aws_client

# The authorizer has 5 s for everything, and a viewer waits for it.
CONNECT_SECONDS = 1
ANSWER_SECONDS = 1.5
READ_SECONDS = 3


class SecretUnavailable(Exception):
    """The secret cannot be read or used; the message says why and quotes none of it."""


class SecretsManager:
    """One secret, by its name or ARN. `client` makes boto3's client at the first read. An answer is waited for up to
    `seconds`."""

    def __init__(self, secret_id: str, client: Callable[[], Any], *, seconds: float = READ_SECONDS) -> None:
        self._secret_id = secret_id
        self._client = ThreadedClient(client)
        self._seconds = seconds

    async def read(self) -> str:
        """The secret's current text; raises SecretUnavailable."""
        try:
            await self._client.prepare()
            async with asyncio.timeout(self._seconds):
                answer = await self._client.call("get_secret_value", SecretId=self._secret_id)
            return str(answer["SecretString"])
        except TimeoutError:
            raise SecretUnavailable(f"secret {self._secret_id}: no answer within {self._seconds:g} s") from None
        except KeyError:
            raise SecretUnavailable(f"secret {self._secret_id} is no text") from None
        except CallFailed as error:
            raise SecretUnavailable(f"secret {self._secret_id}: {error}") from None


def secrets_client(region: str, **options: Any) -> Any:
    """boto3's client, given `options`. It makes one attempt: a viewer waits, and there is no time for a second."""
    return aws_client(
        "secretsmanager",
        region,
        connect_seconds=CONNECT_SECONDS,
        answer_seconds=ANSWER_SECONDS,
        attempts=1,
        **options,
    )
