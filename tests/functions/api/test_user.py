"""Who is meant is in the query or in the body, and is one user or none."""

import itertools
from typing import Any

import httpx

from tests.functions.conftest import MemoryLog

ROOM = "/api/activities/42"
NO_USERS = ("", "%00", "%20alice", "alice%20", "+alice", "a" * 65, "a%09b", "a%0Ab", "%C2%85", "a%7F")
BY_QUERY = ("users", "bans", "mutes")


async def test_what_is_no_user_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for user_id, path in itertools.product(NO_USERS, BY_QUERY):
        answer = await client.delete(f"{ROOM}/{path}?userId={user_id}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), (user_id, path)
        assert answer.json()["message"].startswith("userId must "), (user_id, path)
    sent: list[Any] = ["", "\0", " alice", "a\n", "a" * 65, 7, None, ["alice"]]
    for named, path in itertools.product(sent, ("mutes", "bans")):
        answer = await client.put(f"{ROOM}/{path}", json={"userId": named, "seconds": 60})
        expected = "body.userId: userId must " if isinstance(named, str) else "body.userId: must be a text"
        assert (answer.status_code, answer.json()["message"][: len(expected)]) == (400, expected), (named, path)
    assert log.live == []


async def test_who_names_nobody_is_told_so(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for path, query in itertools.product(BY_QUERY, ("", "?", "?userid=alice", "?user=alice")):
        answer = await client.delete(f"{ROOM}/{path}{query}")
        assert answer.json() == {"error": "bad_field", "message": "query.userId: is missing"}, (path, query)
    for path in ("mutes", "bans"):
        answer = await client.put(f"{ROOM}/{path}", json={"seconds": 60})
        assert answer.json() == {"error": "bad_field", "message": "body.userId: is missing"}, path
    assert log.live == []


async def test_who_names_two_means_neither(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for path, second in itertools.product(BY_QUERY, ("bob", "alice", "", "%00")):
        answer = await client.delete(f"{ROOM}/{path}?userId=alice&userId={second}")
        assert answer.json() == {"error": "bad_field", "message": "query.userId: must be given once"}, (path, second)
    assert log.live == []


async def test_a_query_that_is_no_utf_8_names_nobody(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for path, user_id in itertools.product(BY_QUERY, ("%FF", "alice%FF", "%C3", "%ED%A0%80", "%C0%AF")):
        answer = await client.delete(f"{ROOM}/{path}?userId={user_id}")
        assert answer.json() == {"error": "bad_field", "message": "query.userId: must be UTF-8"}, (path, user_id)
    assert log.live == []
