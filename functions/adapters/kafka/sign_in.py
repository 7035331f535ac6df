"""Signing in to MSK as an IAM role, with tokens. A token is a signed request that is never sent.

https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
"""

import base64
import time
from collections.abc import Callable
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError
from aiokafka.helpers import create_ssl_context

from functions.adapters.aws.credentials import CredentialSource, NoCredentials
from functions.adapters.aws.sigv4 import presigned_query

VALID_SECONDS = 900


class KafkaTokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """Makes a token for each connection to a broker, without any network."""

    def __init__(self, credentials: CredentialSource, region: str, *, clock: Callable[[], float] = time.time) -> None:
        self._credentials = credentials
        self._region = region
        self._clock = clock

    async def token(self) -> str:
        """A token for SASL/OAUTHBEARER, valid for 15 minutes. Raises KafkaConnectionError without credentials.

        aiokafka retries after its own errors only.
        """
        url = await self.signed_url()
        return base64.urlsafe_b64encode(f"{url}&User-Agent=live-rooms".encode()).decode().rstrip("=")

    async def signed_url(self) -> str:
        """The URL of the request to connect, with a signed query. Raises KafkaConnectionError."""
        try:
            credentials = await self._credentials.current()
        except NoCredentials as error:
            raise KafkaConnectionError(f"no token can be made: {error}") from error
        host = f"kafka.{self._region}.amazonaws.com"
        query = presigned_query(
            credentials,
            {"Action": "kafka-cluster:Connect"},
            service="kafka-cluster",
            region=self._region,
            host=host,
            seconds=VALID_SECONDS,
            now=self._clock(),
        )
        return f"https://{host}/?{query}"


def signing_in(tokens: KafkaTokens) -> dict[str, Any]:
    """The arguments with which aiokafka's clients sign in with tokens, over TLS."""
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": tokens,
        "ssl_context": create_ssl_context(),
    }


async def check(tokens: KafkaTokens | None) -> None:
    """Raise KafkaConnectionError with the reason if no token can be made; aiokafka would hide the reason."""
    if tokens is not None:
        await tokens.token()
