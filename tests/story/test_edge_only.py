"""Rooms that are to be entered through the distribution alone: their own addresses answer 403."""

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from functions.runtime.settings import EDGE_HEADER
from tests.story.rooms import Rooms, Servers, running
from tests.story.viewer import PATIENCE

pytestmark = pytest.mark.kafka
AROUND = {"Host": "local.execute-api.localhost"}


async def handshake_around(rooms: Rooms, path: str, headers: dict[str, str]) -> int:
    """The status with which the WebSocket API's own address refuses."""
    with pytest.raises(InvalidStatus) as refused:
        # A connection to the same port, for another host.
        await connect(
            f"ws://{AROUND['Host']}{path}",
            host="127.0.0.1",
            port=int(rooms.address.rpartition(":")[2]),
            additional_headers=headers,
            proxy=None,
        )
    return refused.value.response.status_code


async def test_the_apis_own_addresses_refuse_and_the_distributions_does_not(
    own_servers: Servers, activity: int
) -> None:
    async with running(own_servers, auth_mode="token", edge_only=1) as rooms:
        token = await rooms.token(activity, "alice")
        bearer = {"Authorization": f"Bearer {token}"}
        guess = {EDGE_HEADER: "a guess"}
        for headers in ({}, guess):
            alice = await rooms.enter_by_token(activity, "alice")
            assert (await alice.say("hello"))["ok"]
            path = f"/websocket?activityId={activity}&token={token}"
            assert await handshake_around(rooms, path, headers) == 403
            for call in ("/api/health", f"/api/activities/{activity}", "/api/docs"):
                assert (await rooms.http.get(call, headers=bearer | headers, timeout=PATIENCE)).status_code == 200, call
                around = await rooms.http.get(call, headers=bearer | headers | AROUND)
                assert (around.status_code, around.json()["error"]) == (403, "not_allowed"), call


async def test_without_the_setting_both_ways_are_open(own_servers: Servers) -> None:
    async with running(own_servers) as rooms:
        answer: httpx.Response = await rooms.http.get("/api/health", headers=AROUND, timeout=PATIENCE)
        assert answer.status_code == 200
