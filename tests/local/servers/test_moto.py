from collections.abc import AsyncIterator
from functools import partial

import pytest

from functions.adapters.secrets import SecretsManager, SecretUnavailable, secrets_client
from local.servers.moto import REGION, Moto
from local.servers.process import ServerFailed, accepts


@pytest.fixture
async def moto() -> AsyncIterator[Moto]:
    moto = Moto()
    await moto.start()
    yield moto
    await moto.stop()


def secret(moto: Moto, name: str) -> SecretsManager:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return SecretsManager(name, partial(secrets_client, REGION, endpoint_url=moto.url, **keys))


async def test_a_secret_is_read_as_it_was_last_put(moto: Moto) -> None:
    await moto.put_secret("keys", "first")
    reader = secret(moto, "keys")
    assert await reader.read() == "first"
    await moto.put_secret("keys", "second")
    assert await reader.read() == "second"
    with pytest.raises(SecretUnavailable, match="ResourceNotFoundException"):
        await secret(moto, "others").read()


async def test_killed_it_is_gone() -> None:
    moto = Moto()
    await moto.start()
    address = moto.url.removeprefix("http://")
    assert await accepts(address)
    await moto.kill()
    assert not await accepts(address)


def test_it_has_no_address_before_it_is_started() -> None:
    with pytest.raises(ServerFailed, match="no address"):
        _ = Moto().url
