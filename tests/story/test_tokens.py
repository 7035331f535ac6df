"""Token mode over real sockets: who has a token for this room comes in, and nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from local.app import Emulator
from local.options import Options
from tests.asyncapi.document import CLASSIC, LIVE, check_shown
from tests.story.rooms import GENEROUS
from tools.token_source import emulator_tokens

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP = "https://shop.example"
PATIENCE = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(redis_url: str, moto_url: str) -> AsyncIterator[str]:
    options = Options(port=0, redis_url=redis_url, aws_endpoint=moto_url, auth_mode="token", window_ms=50)
    async with Emulator(options, {**GENEROUS, "ALLOWED_ORIGINS": SHOP}) as emulator:
        yield emulator.address


async def token(address: str, activity: int | None, user: str = "alice", **order: Any) -> str:
    """A token as `python -m tools token` gets it."""
    asked = {"activityId": activity, "userId": user, "name": user.title(), **order}
    host, _, port = address.partition(":")
    return str(await emulator_tokens(host, int(port))(asked))


def opening(
    address: str, activity: int, query: dict[str, Any], offered: Sequence[str] = (), origin: str | None = None
) -> connect:
    return connect(
        f"ws://{address}/websocket?{urlencode({'activityId': activity, **query}, doseq=True)}",
        subprotocols=list(offered) or None,  # type: ignore[arg-type]  # a NewType of str
        origin=origin,  # type: ignore[arg-type]  # a NewType of str
        proxy=None,
        compression=None,
    )


async def status(
    address: str, activity: int, query: dict[str, Any], offered: Sequence[str] = (), origin: str | None = None
) -> int:
    """What the handshake is answered with."""
    try:
        async with opening(address, activity, query, offered, origin):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def told(connection: ClientConnection, kind: int) -> dict[str, Any]:
    """The next object of that type. Without one, the assertion has what came instead."""
    heard: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                frame = json.loads(await connection.recv())
                check_shown(frame, LIVE if connection.subprotocol else CLASSIC)
                heard += frame if isinstance(frame, list) else [frame]
                for said in heard:
                    if said["messageType"] == kind:
                        return said
    except TimeoutError:
        raise AssertionError(f"no object of type {kind} came, but {heard}") from None


async def test_a_bearer_comes_in_as_the_token_says_and_is_not_echoed(address: str, activity: int) -> None:
    offered = [f"bearer.{await token(address, activity)}", "live.v1"]
    async with opening(address, activity, {"username": "mallory", "userId": "root"}, offered) as connection:
        assert connection.subprotocol == "live.v1"
        assert connection.response is not None
        assert "bearer" not in str(connection.response.headers)
        welcome = await told(connection, 8)
        assert (welcome["activityId"], welcome["userId"]) == (activity, "alice")
        await connection.send(json.dumps({"messageType": 4, "message": "hello", "id": "1"}))
        said = await told(connection, 4)
        assert (said["fromusername"], said["userId"]) == ("Alice", "alice")


async def test_a_bearer_alone_is_offered_in_vain_but_comes_in(address: str, activity: int) -> None:
    async with opening(address, activity, {}, [f"bearer.{await token(address, activity)}"]) as connection:
        assert connection.subprotocol is None
        assert (await told(connection, 8))["userId"] == "alice"


async def test_subprotocols_on_lines_of_their_own_are_one_offer(address: str, activity: int) -> None:
    name = "Sec-WebSocket-Protocol"
    lines = [(name, f"other, bearer.{await token(address, activity)}"), (name, "another")]
    url = f"ws://{address}/websocket?activityId={activity}"
    offered = [Subprotocol("live.v1")]
    async with connect(url, subprotocols=offered, additional_headers=lines, proxy=None) as connection:
        assert connection.request is not None
        assert len(connection.request.headers.get_all(name)) == 3
        assert connection.subprotocol == "live.v1"
        assert (await told(connection, 8))["userId"] == "alice"


async def test_two_tokens_are_refused_wherever_they_stand(address: str, activity: int) -> None:
    one, other = await token(address, activity), await token(address, activity, user="bob")
    assert await status(address, activity, {"token": [one, other]}) == 401
    assert await status(address, activity, {"token": [one, one]}) == 101
    assert await status(address, activity, {}, [f"bearer.{one}", f"bearer.{other}"]) == 401


async def test_a_token_in_the_query_comes_in_also_behind_the_distribution(address: str, activity: int) -> None:
    good = await token(address, activity)
    assert await status(address, activity, {"token": good}) == 101
    async with connect(f"ws://{address}/websocket/{activity}/mallory?token={good}", proxy=None) as connection:
        assert (await told(connection, 8))["userId"] == "alice"


async def test_without_a_token_for_this_room_it_is_401(address: str, activity: int, another_activity: int) -> None:
    good, other = await token(address, activity), await token(address, another_activity)
    platform, brief = await token(address, None), await token(address, activity, seconds=1)
    head, claims, signature = good.split(".")
    swapped = f"{head}.{other.split('.')[1]}.{signature}"
    refused: dict[str, dict[str, Any]] = {
        "none": {},
        "a name instead": {"username": "alice"},
        "empty": {"token": ""},
        "tampered": {"token": f"{head}.{claims}.{signature[::-1]}"},
        "swapped": {"activityId": another_activity, "token": swapped},
        "without a signature": {"token": f"{head}.{claims}."},
        "another room's": {"token": other},
        "used in another room": {"activityId": another_activity, "token": good},
        "a platform's": {"token": platform},
    }
    for what, query in refused.items():
        assert await status(address, activity, query) == 401, what
    assert await status(address, activity, {"token": good}, [f"bearer.{other}", "live.v1"]) == 401
    async with asyncio.timeout(PATIENCE):
        while await status(address, activity, {"token": brief}) != 401:  # it comes in for a second, and then no longer
            await asyncio.sleep(0.05)


async def test_what_is_malformed_beside_a_good_token_is_400(address: str, activity: int) -> None:
    good = await token(address, activity)
    assert await status(address, activity, {"token": good, "since": "yesterday"}) == 400
    assert await status(address, activity, {"token": good, "activityId": "forty"}) == 400


async def test_a_page_of_another_origin_is_403(address: str, activity: int) -> None:
    good = await token(address, activity)
    assert await status(address, activity, {"token": good}, origin="https://evil.example") == 403
    assert await status(address, activity, {"token": good}, origin=SHOP) == 101


async def test_the_http_api_asks_for_the_capability(address: str, activity: int) -> None:
    asked = {"activityId": activity, "userId": "bob", "name": "Bob"}
    admin, viewer = await token(address, None, caps=["admin", "chat", "like"]), await token(address, activity)
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False, timeout=PATIENCE) as http:
        assert (await http.post("/api/tokens", json=asked)).status_code == 401
        bearer = {"Authorization": f"Bearer {viewer}"}
        assert (await http.post("/api/tokens", json=asked, headers=bearer)).status_code == 403
        minted = await http.post("/api/tokens", json=asked, headers={"Authorization": f"Bearer {admin}"})
        assert minted.status_code == 200
        async with connect(minted.json()["url"], proxy=None) as connection:
            assert (await told(connection, 8))["userId"] == "bob"
        assert (await http.get("/api/health")).status_code == 200


async def test_no_token_is_in_what_the_functions_write(
    address: str, activity: int, another_activity: int, capfd: pytest.CaptureFixture[str]
) -> None:
    good, other = await token(address, activity), await token(address, another_activity)
    assert await status(address, activity, {"token": good}, ["live.v1", f"bearer.{good}"]) == 101
    assert await status(address, activity, {"token": other}) == 401
    assert await status(address, activity, {}, [f"bearer.{good}x", "live.v1"]) == 401
    written = ""
    async with asyncio.timeout(PATIENCE):
        while written.count("a token is refused") < 2:
            await asyncio.sleep(0.05)
            out, err = capfd.readouterr()
            written += out + err
    for secret in (good, other, good.split(".")[1], other.split(".")[2]):
        assert secret not in written
