import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from functions.adapters.aws.credentials import (
    RENEW_SECONDS,
    RETRY_SECONDS,
    Credentials,
    CredentialSource,
    NoCredentials,
)

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
EXPIRY = 1_700_000_000  # 2023-11-14T22:13:20Z


class Endpoint:
    """A container credentials endpoint."""

    def __init__(self) -> None:
        self.body = {
            "AccessKeyId": "k1",
            "SecretAccessKey": "s1",
            "Token": "t1",
            "Expiration": "2023-11-14T22:13:20Z",
        }
        self.requests: list[bytes] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        body = json.dumps(self.body).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    served = Endpoint()
    server = await asyncio.start_server(served.handle, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/credentials"
    yield served
    server.close()


async def test_a_plain_function_has_them_in_its_environment() -> None:
    assert await CredentialSource(KEYS | {"AWS_SESSION_TOKEN": ""}).current() == Credentials("a", "s")
    assert await CredentialSource(KEYS | {"AWS_SESSION_TOKEN": "t"}).current() == Credentials("a", "s", "t")


async def test_a_restored_function_asks_the_endpoint(endpoint: Endpoint) -> None:
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret-word",
    }
    assert await CredentialSource(environment, clock=lambda: 0).current() == Credentials("k1", "s1", "t1", EXPIRY)
    assert b"Authorization: secret-word\r\n" in endpoint.requests[0]


async def test_the_word_for_the_endpoint_may_stand_in_a_file(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file")
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
    }
    await CredentialSource(environment, clock=lambda: 0).current()
    assert b"Authorization: from-a-file\r\n" in endpoint.requests[0]


async def test_they_are_kept_until_they_are_about_to_expire(endpoint: Endpoint) -> None:
    now = float(EXPIRY - RENEW_SECONDS - 1)
    source = CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url}, clock=lambda: now)
    first = await source.current()
    assert await source.current() is first
    now = EXPIRY - RENEW_SECONDS + 1
    endpoint.body |= {"AccessKeyId": "k2", "Expiration": "2023-11-15T22:13:20Z"}
    assert (await source.current()).access_key == "k2"
    assert len(endpoint.requests) == 2


async def test_an_endpoint_that_gives_none_is_named(endpoint: Endpoint) -> None:
    endpoint.body = {"AccessKeyId": "k1"}
    with pytest.raises(NoCredentials, match="the credentials endpoint gave none"):
        await CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url}).current()
    with pytest.raises(NoCredentials, match="the credentials endpoint gave none"):
        await CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}).current()


async def test_an_environment_without_any_is_said_to_have_none() -> None:
    with pytest.raises(NoCredentials, match="neither AWS_ACCESS_KEY_ID"):
        await CredentialSource({}).current()


async def test_while_they_have_not_expired_they_serve_on_when_no_others_are_given(endpoint: Endpoint) -> None:
    now = float(EXPIRY - RENEW_SECONDS - 1)
    source = CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url}, clock=lambda: now)
    first = await source.current()
    good, endpoint.body = endpoint.body, {"AccessKeyId": "k1"}
    now = EXPIRY - RENEW_SECONDS + 1
    assert await source.current() is first
    assert await source.current() is first
    assert len(endpoint.requests) == 2  # an endpoint in trouble is not asked with each call
    now += RETRY_SECONDS
    assert await source.current() is first
    assert len(endpoint.requests) == 3
    now += RETRY_SECONDS
    endpoint.body = good | {"AccessKeyId": "k2", "Expiration": "2023-11-15T22:13:20Z"}
    assert (await source.current()).access_key == "k2"


async def test_once_they_have_expired_there_are_none(endpoint: Endpoint) -> None:
    now = float(EXPIRY - RENEW_SECONDS - 1)
    source = CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url}, clock=lambda: now)
    await source.current()
    endpoint.body = {}
    now = EXPIRY - 1
    await source.current()
    now = EXPIRY
    with pytest.raises(NoCredentials, match="the credentials endpoint gave none"):
        await source.current()
