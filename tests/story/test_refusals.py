"""Every refusal of a handshake and of a frame; none of them closes a connection."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import CHAT, REPLY

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

HANDSHAKES = {
    "/websocket": 401,
    "/websocket?username=alice": 401,
    "/websocket?activityId=&username=alice": 401,
    "/websocket?activityId=42": 401,
    "/websocket?activityId=0&username=alice": 400,
    "/websocket?activityId=-1&username=alice": 400,
    "/websocket?activityId=1.5&username=alice": 400,
    "/websocket?activityId=042&username=alice": 400,
    "/websocket?activityId=forty&username=alice": 400,
    "/websocket?activityId=%D9%A4%D9%A2&username=alice": 400,
    f"/websocket?activityId={2**53}&username=alice": 400,
    f"/websocket?activityId={2**53 - 1}&username=alice": 101,
    "/websocket?activityId=42&username=": 400,
    "/websocket?activityId=42&username=%20%20": 400,
    "/websocket?activityId=42&username=a%00b": 400,
    "/websocket?activityId=42&username=a%0Ab": 400,
    f"/websocket?activityId=42&username={'a' * 33}": 400,
    f"/websocket?activityId=42&username=%20{quote('名' * 32)}%20": 101,
    "/websocket?activityId=42&username=alice&userId=": 400,
    "/websocket?activityId=42&username=alice&userId=%20a": 400,
    "/websocket?activityId=42&username=alice&userId=a%09b": 400,
    f"/websocket?activityId=42&username=alice&userId={'a' * 65}": 400,
    f"/websocket?activityId=42&username=alice&userId={'a' * 64}": 101,
    f"/websocket?activityId=42&username=alice&avatar={'a' * 513}": 400,
    "/websocket?activityId=42&username=alice&since=yesterday": 400,
    "/websocket?activityId=42&username=alice&since=e257caa2.7": 101,
    "/websocket/forty/alice": 400,
    "/elsewhere?activityId=42&username=alice": 403,
}

FRAMES: list[tuple[str | dict[str, Any], str]] = [
    ("", "bad_json"),
    ("hello", "bad_json"),
    ('{"messageType":4,"message":"half', "bad_json"),
    ('[{"messageType":7}]', "bad_json"),
    ("null", "bad_json"),
    ('{"messageType":NaN}', "bad_json"),
    ("[" * 4000, "bad_json"),
    ({}, "bad_type"),
    ({"messageType": "4", "message": "hello"}, "bad_type"),
    ({"messageType": 4.0, "message": "hello"}, "bad_type"),
    ({"messageType": True}, "bad_type"),
    ({"messageType": None}, "bad_type"),
    ({"messageType": 5}, "bad_type"),
    ({"messageType": 8}, "bad_type"),
    ({"messageType": 10**40}, "bad_type"),
    ({"messageType": 4}, "bad_field"),
    ({"messageType": 4, "message": 7}, "bad_field"),
    ({"messageType": 4, "message": ""}, "bad_field"),
    ({"messageType": 4, "message": " \n "}, "bad_field"),
    ({"messageType": 4, "message": "\ud800"}, "bad_field"),
    ({"messageType": 4, "message": "hello", "to": ""}, "bad_field"),
    ({"messageType": 4, "message": "hello", "to": 7}, "bad_field"),
    ({"messageType": 4, "message": "hello", "to": "b" * 65}, "bad_field"),
    ({"messageType": 4, "message": "hello", "id": 7}, "bad_field"),
    ({"messageType": 4, "message": "hello", "id": ""}, "bad_field"),
    ({"messageType": 4, "message": "hello", "id": "i" * 65}, "bad_field"),
    ({"messageType": 4, "message": "hello", "company_id": 1.5}, "bad_field"),
    ({"messageType": 4, "message": "hello", "openid": ["o"]}, "bad_field"),
    ({"messageType": 4, "message": "m" * 501}, "too_long"),
    ({"messageType": 4, "message": "hello", "padding": "p" * 4096}, "too_long"),
    ({"messageType": 6, "count": 0}, "bad_field"),
    ({"messageType": 6, "count": 101}, "bad_field"),
    ({"messageType": 6, "count": "1"}, "bad_field"),
    ({"messageType": 6, "count": 1.0}, "bad_field"),
    ({"messageType": 3, "limit": 201}, "bad_field"),
    ({"messageType": 3, "limit": 0}, "bad_field"),
    ({"messageType": 3, "cursor": 7}, "bad_field"),
    ({"messageType": 3, "cursor": "not one of ours"}, "bad_field"),
]


@pytest.mark.parametrize(("path", "status"), HANDSHAKES.items())
async def test_a_handshake_is_answered_with_its_status(rooms: Rooms, path: str, status: int) -> None:
    assert await rooms.refusal(path) == status


@pytest.mark.parametrize("classic", [False, True], ids=["live.v1", "classic"])
async def test_each_bad_frame_is_refused_with_its_code_and_changes_nothing(
    rooms: Rooms, activity: int, *, classic: bool
) -> None:
    alice, bob = await rooms.enter(activity, "alice", classic=classic), await rooms.enter(activity, "bob")
    alice.sends_anything = True
    for number, (frame, error) in enumerate(FRAMES, 1):
        await alice.send(frame)
        await alice.until(lambda number=number: len(alice.all_of(REPLY)) == number)  # type: ignore[misc]
        reply = alice.all_of(REPLY)[-1]
        assert reply == {"messageType": REPLY, "ok": False, "error": error, "message": reply["message"]}, frame
        assert reply["message"]
    assert alice.is_open
    assert (await alice.say("after all that"))["ok"]
    await bob.hears("after all that")
    assert len(bob.all_of(CHAT)) == 1
    assert bob.likes == 0


@pytest.mark.parametrize(
    ("kind", "fields"), [(4, {"message": ""}), (6, {"count": 0}), (3, {"limit": 0}), (5, {})], ids=str
)
async def test_a_refusal_names_the_frame_it_is_for(
    rooms: Rooms, activity: int, kind: int, fields: dict[str, Any]
) -> None:
    alice = await rooms.enter(activity, "alice")
    reply = await alice.ask(kind, id="mine", **fields)
    assert (reply["id"], reply["ok"]) == ("mine", False)


async def test_a_refused_id_may_be_used_again(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    assert not (await alice.ask(4, id="again", message=""))["ok"]
    await alice.send(json.dumps({"messageType": 4, "id": "again", "message": "better"}))
    assert (await alice.told_of(REPLY, id="again", ok=True))["seq"] >= 0
    await alice.hears("better")
