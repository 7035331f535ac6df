import json
from typing import Any

import httpx
from redis.asyncio.cluster import RedisCluster

from functions.rooms import events
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.api.bearers import bearing
from tests.functions.conftest import MemoryLog

PATH = "/api/activities/42/properties"
JSON = {"Content-Type": "application/json"}


async def test_a_change_is_merged_told_on_both_topics_and_read_by_whoever_is_of_the_room(
    client: httpx.AsyncClient, log: MemoryLog
) -> None:
    first = await client.patch(PATH, json={"pinned": {"sku": "X1", "price": 9}, "note": "hi", "gone": None})
    assert (first.status_code, first.json()) == (200, {"note": "hi", "pinned": {"sku": "X1", "price": 9}})
    second = await client.patch(PATH, json={"pinned": {"price": 8.5}, "note": None})
    assert second.json() == {"pinned": {"sku": "X1", "price": 8.5}}
    for headers in (bearing(), bearing("chat", activity_id=42), bearing("like")):
        assert (await client.get(PATH, headers=headers)).json() == second.json(), headers
    assert log.live == log.saved
    assert [(event.type, event.data, event.who.user_id) for event in log.live] == [
        (events.PROPERTIES, {"pinned": {"sku": "X1", "price": 9}, "note": "hi", "gone": None}, "mod"),
        (events.PROPERTIES, {"pinned": {"sku": "X1", "price": 8.5}, "note": None}, "mod"),
    ]


async def test_a_merge_patch_may_be_called_by_its_own_name(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/merge-patch+json; charset=utf-8"}
    answer = await client.patch(PATH, content=b'{"a": 1}', headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"a": 1})
    refused = await client.patch(PATH, content=b'{"a": 1}', headers={"Content-Type": "text/plain"})
    assert (refused.status_code, refused.json()["message"]) == (400, "send Content-Type: application/json")


async def test_a_patch_of_nothing_changes_and_tells_nothing(client: httpx.AsyncClient, log: MemoryLog) -> None:
    await client.patch(PATH, json={"a": 1})
    assert (await client.patch(PATH, json={})).json() == {"a": 1}
    assert len(log.live) == 1


async def test_what_is_beyond_a_bound_is_a_bad_field_by_name_and_changes_nothing(
    client: httpx.AsyncClient, log: MemoryLog
) -> None:
    await client.patch(PATH, json={"a": {"b": "x" * 600}})
    log.live.clear()
    deep: Any = json.loads('{"a":' * 33 + "1" + "}" * 33)
    cases: list[tuple[Any, str]] = [
        ([], "body: it must be an object"),
        ("x", "body: it must be an object"),
        (None, "body: it must be an object"),
        ({"a": {"c": "x" * 600}}, "body: the property a would have more than 1024 bytes"),
        ({"n": "x" * 1023}, "body: it has the property n, which must have at most 1024 bytes"),
        ({"n": deep}, "body: it has the property n, which must have at most 32 levels"),
        ({"": 1}, "body: it has a property whose name must have 1-64 characters"),
        ({"\u202e": 1}, "body: it has a property whose name must hold no direction control"),
        ({f"p{number}": 1 for number in range(32)}, "body: there would be more than 32 properties"),
        ({f"p{number}": 1 for number in range(65)}, "body: it must have at most 64 properties"),
        ({f"p{number}": "x" * 1000 for number in range(8)}, "body: all properties would have more than 8192 bytes"),
    ]
    for body, said in cases:
        # A null for an answer beside what is refused is not removed either.
        patch = body | {"a": None} if isinstance(body, dict) and "a" not in body and len(body) < 8 else body
        answer = await client.patch(PATH, content=json.dumps(patch), headers=JSON)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), body
        assert answer.json()["message"].startswith(said), (body, answer.json())
        assert (await client.get(PATH)).json() == {"a": {"b": "x" * 600}}, body
    for content in (b"", b"{", b'{"a": 1e999}', b'{"a": NaN}', b'{"a": "\\ud83d"}', b'{"a": [Infinity]}'):
        assert (await client.patch(PATH, content=content, headers=JSON)).status_code == 400, content
    assert log.live == []


async def test_a_change_that_could_not_be_told_is_told_when_it_is_made_again(
    client: httpx.AsyncClient, log: MemoryLog, redis: RedisCluster
) -> None:
    log.live_is_away = True
    assert (await client.patch(PATH, json={"a": 1})).status_code == 503
    log.live_is_away = False
    assert (await client.patch(PATH, json={"a": 1})).json() == {"a": 1}
    assert [event.data for event in log.live] == [{"a": 1}]
    await lose_all(redis)
    assert (await client.get(PATH)).json() == {}
