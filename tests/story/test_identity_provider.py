"""Tokens of an identity provider over real sockets: who has one comes in, and is nobody's platform."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local.app import Emulator
from local.options import Options
from tests.story.rooms import GENEROUS
from tests.story.viewer import PATIENCE
from tools.provider_key import ProviderKey
from tools.token_order import AUDIENCE, ISSUER, TokenOrder

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ProviderKey:
    return ProviderKey.make(tmp_path_factory.mktemp("provider") / "key.pem")


@pytest.fixture(scope="module")
def jwks(key: ProviderKey, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with the provider's key set."""
    path = tmp_path_factory.mktemp("provider") / "jwks.json"
    path.write_text(key.key_set())
    return str(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(redis_url: str, moto_url: str, jwks: str) -> AsyncIterator[str]:
    options = Options(port=0, redis_url=redis_url, aws_endpoint=moto_url, auth_mode="token", jwks=jwks, window_ms=50)
    async with Emulator(options, {**GENEROUS, "IDENTITY_CLAIMS": "rooms=activityId"}) as emulator:
        yield emulator.address


def signed(key: ProviderKey, activity: int, *caps: str, issuer: str = ISSUER, audience: str = AUDIENCE) -> str:
    asked = {"activityId": activity, "userId": "alice", "name": "Alice", "caps": list(caps) or ["chat", "like"]}
    return key.sign(TokenOrder.parse(asked), issuer=issuer, audience=audience)


async def entered(address: str, activity: int, token: str) -> int:
    """The status of a handshake with that room."""
    query = urlencode({"activityId": activity})
    try:
        async with connect(
            f"ws://{address}/websocket?{query}",
            subprotocols=["live.v1", f"bearer.{token}"],  # type: ignore[list-item]  # a NewType of str
            proxy=None,
            compression=None,
        ) as connection:
            told = [one for text in [await connection.recv()] for one in json.loads(text)]
            assert told[0]["userId"] == "alice"
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_a_viewer_comes_in_with_a_token_of_the_provider(address: str, key: ProviderKey, activity: int) -> None:
    assert await entered(address, activity, signed(key, activity)) == 101


async def test_a_token_of_another_room_issuer_audience_or_key_opens_nothing(
    address: str, key: ProviderKey, tmp_path: Path, activity: int, another_activity: int
) -> None:
    stranger = ProviderKey.make(tmp_path / "stranger.pem")
    for token in (
        signed(key, another_activity),
        signed(key, activity, issuer="https://elsewhere.test"),
        signed(key, activity, audience="elsewhere"),
        signed(stranger, activity),
    ):
        assert await entered(address, activity, token) == 401


async def test_a_moderator_of_the_provider_moderates_the_room_and_is_no_platform(
    address: str, key: ProviderKey, activity: int, another_activity: int
) -> None:
    headers = {"Authorization": f"Bearer {signed(key, activity, 'moderate', 'admin')}"}
    async with httpx.AsyncClient(base_url=f"http://{address}", headers=headers, timeout=PATIENCE) as client:
        frozen = await client.patch(f"/api/activities/{activity}", json={"frozen": True})
        assert frozen.status_code == 200, frozen.text
        assert (await client.patch(f"/api/activities/{another_activity}", json={"frozen": True})).status_code == 403
        assert (await client.get("/api/activities")).status_code == 403
