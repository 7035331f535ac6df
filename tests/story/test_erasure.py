"""What is stored of a user over all rooms is told, and erased, and does not come back."""

import asyncio
import json
import random
import time
from typing import Any

import pytest

from functions.adapters.dynamodb.eraser import Eraser
from functions.manifest import timeout_of
from functions.rooms.erasure import settled_ms
from local.deployment import TABLE
from tests.functions.tables import api
from tests.story.archived import Archived
from tests.story.rooms import Rooms, Servers
from tests.story.viewer import CHAT
from tools.__main__ import main

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

PATH = "/api/users/records"


async def told(rooms: Rooms, user_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = {"userId": user_id, "limit": "5"}
    while True:
        answer = await rooms.http.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["records"]
        if answer.json()["cursor"] is None:
            return found
        query["cursor"] = answer.json()["cursor"]


async def erase(rooms: Rooms, user_id: str) -> dict[str, Any]:
    answer = await rooms.http.delete(PATH, params={"userId": user_id})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def finish(servers: Servers, user_id: str) -> None:
    """The call that comes when nothing is under way any more, as if the time had passed."""
    settled = settled_ms(timeout_of("archive"))

    def later() -> int:
        return time.time_ns() // 1_000_000 + settled + 1000

    async with api(servers.aws_endpoint) as dynamodb:
        eraser = Eraser(dynamodb, TABLE, settled_ms=settled, log_hours=24, clock=later)
        assert (await eraser.erase(user_id, seconds=60)).complete


async def test_a_user_is_told_what_is_stored_and_is_erased_from_all_rooms(
    rooms: Rooms, servers: Servers, activity: int, another_activity: int, capsys: pytest.CaptureFixture[str]
) -> None:
    name, both = f"alice-{random.randrange(2**40)}", (activity, another_activity)
    archives = [Archived(rooms, servers.kafka_bootstrap, servers.aws_endpoint, room) for room in both]
    bob = await rooms.enter(activity, "bob")
    for room in both:
        viewer = await rooms.enter(room, name)
        await viewer.say(f"hi from {room}", id="c1")
        await viewer.told_of(CHAT, textMessage=f"hi from {room}")
    await bob.say("hush", to=name)
    muted = {"userId": name, "seconds": 600}
    assert (await rooms.http.put(f"/api/activities/{activity}/mutes", json=muted)).status_code == 204
    await archives[0].caught_up()
    saved = [await archive.saved() for archive in archives]
    records = await told(rooms, name)
    said = [(one["activityId"], one["text"]) for one in records if one["what"] == "chat"]
    assert sorted(said) == sorted([(activity, "hush"), *((room, f"hi from {room}") for room in both)])
    assert {"join", "sanction"} <= {one["what"] for one in records}
    arguments = ["export", "--user", name, "--url", f"http://{rooms.address}"]
    assert await asyncio.to_thread(main, arguments, {}) == 0
    assert capsys.readouterr().out.count("\n") == len(records)

    first = await erase(rooms, name)
    assert first["complete"] is False
    assert 70 < first["retryAfter"] <= 77
    assert first["removed"]["chat"] == 2
    assert first["nameless"] == {"chat": 1, "sanction": 1}
    assert first["lifted"] == {"mutes": 1}
    assert {"saveLiveMessageTopic", "logs"} <= {one["where"] for one in first["expiring"]}

    # The log hands everything out once more.
    for archive, records_ in zip(archives, saved, strict=True):
        for record in records_:
            await archive.produce(json.dumps(record).encode())
    await archives[0].caught_up()
    await finish(servers, name)
    assert await told(rooms, name) == []
    left = [item for archive in archives for item in await archive.everything()]
    assert name not in str(left)
    assert [(item["userId"], item["text"]) for item in left if "text" in item] == [("bob", "hush")]
