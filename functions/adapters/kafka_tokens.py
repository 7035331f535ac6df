"""Signing in to MSK as an IAM role: the token is a request that is signed and never sent.

https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
"""

import base64
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from aiokafka.abc import AbstractTokenProvider
from aiokafka.helpers import create_ssl_context

from functions.adapters.credentials import CredentialSource
from functions.adapters.sigv4 import derive_key

SERVICE = "kafka-cluster"
VALID_SECONDS = 900


class KafkaTokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """Makes a token for each connection to a broker; no network is needed for it."""

    def __init__(self, credentials: CredentialSource, region: str, *, clock: Callable[[], float] = time.time) -> None:
        self._credentials = credentials
        self._region = region
        self._clock = clock

    async def token(self) -> str:
        """A token for SASL/OAUTHBEARER, valid for 15 minutes. Raises NoCredentials."""
        url = await self.signed_url()
        return base64.urlsafe_b64encode(f"{url}&User-Agent=live-rooms".encode()).decode().rstrip("=")

    async def signed_url(self) -> str:
        """The request to connect, signed in its query."""
        credentials = await self._credentials.current()
        moment = datetime.fromtimestamp(int(self._clock()), UTC)
        day, date = moment.strftime("%Y%m%d"), moment.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{day}/{self._region}/{SERVICE}/aws4_request"
        fields = {
            "Action": "kafka-cluster:Connect",
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{credentials.access_key}/{scope}",
            "X-Amz-Date": date,
            "X-Amz-Expires": str(VALID_SECONDS),
            "X-Amz-SignedHeaders": "host",
        }
        if credentials.token:
            fields["X-Amz-Security-Token"] = credentials.token
        query = urlencode(sorted(fields.items()), quote_via=quote, safe="-_.~")
        host = f"kafka.{self._region}.amazonaws.com"
        canonical = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{sha256(b'').hexdigest()}"
        digest = sha256(canonical.encode()).hexdigest()
        key = derive_key(credentials.secret_key, day, self._region, SERVICE)
        signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}".encode(), "sha256").hex()
        return f"https://{host}/?{query}&X-Amz-Signature={signature}"


def signing_in(tokens: KafkaTokens) -> dict[str, Any]:
    """What aiokafka's clients are told to sign in with tokens, over TLS."""
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": tokens,
        "ssl_context": create_ssl_context(),
    }
