import time
from functools import partial
from typing import Any

import pytest

from functions.adapters.aws import secrets
from functions.adapters.aws.secrets import SecretsManager, SecretUnavailable, secrets_client


class Client:
    """boto3's client, as far as it is used."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get_secret_value(self, SecretId: str) -> Any:  # noqa: N803  boto3's name
        assert SecretId == "keys"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_the_text_is_read_with_one_client() -> None:
    clients = iter([Client({"SecretString": "text"})])
    manager = SecretsManager("keys", lambda: next(clients))
    assert [await manager.read(), await manager.read()] == ["text", "text"]


async def test_a_machine_that_is_slow_to_import_boto3_takes_nothing_from_the_time_of_the_answer() -> None:
    def make() -> Client:
        time.sleep(0.6)
        return Client({"SecretString": "text"})

    assert await SecretsManager("keys", make, seconds=0.5).read() == "text"


async def test_a_binary_secret_is_no_text() -> None:
    with pytest.raises(SecretUnavailable, match="keys is no text"):
        await SecretsManager("keys", lambda: Client({"SecretBinary": b"x"})).read()


async def test_what_aws_answers_is_said() -> None:
    from botocore.exceptions import ClientError

    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "GetSecretValue")
    with pytest.raises(SecretUnavailable, match=r"secret keys: .*AccessDeniedException.*not you"):
        await SecretsManager("keys", lambda: Client(error)).read()


async def test_where_nothing_answers_the_error_comes_in_time() -> None:
    client = partial(
        secrets_client,
        "us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    with pytest.raises(SecretUnavailable, match="keys"):
        await SecretsManager("keys", client).read()


def test_whoever_waits_for_a_secret_waits_less_than_an_authorizer_may_take() -> None:
    assert secrets.CONNECT_SECONDS + secrets.ANSWER_SECONDS <= secrets.READ_SECONDS < 5
