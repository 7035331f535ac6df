import base64
from datetime import UTC, datetime
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from aiokafka.errors import KafkaConnectionError
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.kafka.sign_in import KafkaTokens

NOW = 1_700_000_000


def tokens(session_token: str) -> KafkaTokens:
    environment = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": session_token}
    return KafkaTokens(CredentialSource(environment), "eu-west-1", clock=lambda: NOW)


def signed_by_botocore(session_token: str) -> str:
    url = "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
    request = AWSRequest("GET", url)
    now = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        credentials = BotoCredentials("AKID", "s", session_token or None)
        SigV4QueryAuth(credentials, "kafka-cluster", "eu-west-1", expires=900).add_auth(request)
    return str(request.url)


@pytest.mark.parametrize("session_token", ["", "FwoGZXIvYXdzE+/=="])
async def test_a_token_is_the_url_that_botocore_would_sign(session_token: str) -> None:
    ours, theirs = await tokens(session_token).signed_url(), signed_by_botocore(session_token)
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)
    assert urlsplit(ours).netloc == urlsplit(theirs).netloc


async def test_a_token_is_text_that_sasl_can_carry() -> None:
    token = await tokens("").token()
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    assert url.startswith("https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&")
    assert url.endswith("&User-Agent=live-rooms")


async def test_without_credentials_it_is_a_connection_that_cannot_be_made_as_aiokafka_knows_them() -> None:
    with pytest.raises(KafkaConnectionError, match="no token can be made: neither AWS_ACCESS_KEY_ID"):
        await KafkaTokens(CredentialSource({}), "eu-west-1").token()
