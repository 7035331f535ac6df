"""What the platform around the rooms does: posts to single viewers with the AWS SDK, and asks the HTTP API."""

import asyncio
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.deployment import CREDENTIALS
from tests.story.rooms import Rooms

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


def sdk(rooms: Rooms, secret_key: str = CREDENTIALS.secret_key) -> Any:
    """boto3's client of the connections API."""
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://{rooms.address}/websocket",
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=secret_key,
    )


async def test_a_post_through_boto3_reaches_its_viewer_alone(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    alice.hears_anything = True
    card = b'[{"messageType":10,"name":"coupon","data":{"off":5}}]'
    connection_id = alice.welcome["connectionId"]
    await asyncio.to_thread(sdk(rooms).post_to_connection, ConnectionId=connection_id, Data=card)
    assert await alice.told_of(10) == {"messageType": 10, "name": "coupon", "data": {"off": 5}}
    told = await asyncio.to_thread(sdk(rooms).get_connection, ConnectionId=connection_id)
    assert told["Identity"]["SourceIp"] == "127.0.0.1"
    await alice.say("end")
    await bob.hears("end")
    assert not bob.all_of(10)


async def test_a_viewer_deleted_through_boto3_has_left(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    connection_id = alice.welcome["connectionId"]
    await asyncio.to_thread(sdk(rooms).delete_connection, ConnectionId=connection_id)
    await alice.closed()
    await rooms.figures_become(activity, onlineNumber=0, connections=0)
    with pytest.raises(ClientError, match="Gone") as refused:
        await asyncio.to_thread(sdk(rooms).post_to_connection, ConnectionId=connection_id, Data=b"{}")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


async def test_a_post_under_a_wrong_key_is_forbidden(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    with pytest.raises(ClientError) as refused:
        await asyncio.to_thread(
            sdk(rooms, "not the key").post_to_connection, ConnectionId=alice.welcome["connectionId"], Data=b"{}"
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


async def test_the_http_api_tells_a_rooms_figures(rooms: Rooms, activity: int) -> None:
    assert await rooms.figures(activity) == {
        "activityId": activity,
        "onlineNumber": 0,
        "connections": 0,
        "zanNumber": 0,
        "settings": {"slowModeSeconds": 0, "frozen": False},
    }
    alice = await rooms.enter(activity, "alice")
    await rooms.enter(activity, "alice")
    await alice.like(4)
    figures = await rooms.figures(activity)
    assert (figures["onlineNumber"], figures["connections"], figures["zanNumber"]) == (1, 2, 4)


@pytest.mark.parametrize("activity_id", ["0", "forty", "-1", "1.5", str(2**53), "%00"])
async def test_a_malformed_activity_is_told_apart(rooms: Rooms, activity_id: str) -> None:
    response = await rooms.http.get(f"/api/activities/{activity_id}")
    assert response.status_code == 400
    assert response.json()["error"] == "bad_field"
    assert response.json()["message"]


async def test_what_the_http_api_has_not_is_not_found(rooms: Rooms) -> None:
    response = await rooms.http.get("/api/nothing")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


async def test_all_is_well(rooms: Rooms) -> None:
    assert (await rooms.http.get("/api/health")).status_code == 200
    health = await rooms.http.get("/_local/health")
    assert (health.status_code, health.json()["ready"]) == (200, True)


async def test_what_the_functions_measure_is_told(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    assert (await alice.say("hello"))["ok"]
    await alice.hears("hello")
    assert not (await alice.say(""))["ok"]

    async def told() -> set[str]:
        metrics = (await rooms.http.get("/_local/metrics")).json()["metrics"]
        return {one["name"] for one in metrics if one["namespace"] == "LiveRooms" and one["sum"]}

    # The lines of a log come when they come.
    while not {"Events", "Frames", "PostLatency", "FramesRefused"} <= await told():
        await asyncio.sleep(0.05)


async def test_the_same_port_serves_the_page_and_refuses_plain_http_on_the_socket(rooms: Rooms) -> None:
    page = await rooms.http.get("/")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert (await rooms.http.get("/websocket?activityId=42&username=alice")).status_code == 426
