from collections import Counter

import httpx

from functions.api.parts import ArchiveParts
from functions.rooms.watch_time import Credit
from tests.functions.api.bearers import bearing
from tests.functions.made import watching

PATH = "/api/activities/42/watch-time"


async def watch(archive: ArchiveParts, *earned: tuple[str, int], room: int = 42) -> None:
    """Credits of these ms; each user watches without a pause."""
    ends: Counter[str] = Counter()
    credits_ = []
    for offset, (user, ms) in enumerate(earned):
        ends[user] += ms
        stretch = {"start": 0, "end": ends[user], "earned": ms}
        credits_.append(
            Credit(activity_id=room, user_id=user, username=user, **stretch, offset=offset, logged_at=offset)
        )
    assert await archive.watched.add([watching(credit) for credit in credits_]) == []


async def test_those_who_watched_longest_come_first(client: httpx.AsyncClient, archive: ArchiveParts) -> None:
    await watch(archive, ("alice", 60_000), ("坏/人", 90_001), ("bob", 9), ("alice", 60_250))
    await watch(archive, ("carol", 1_000_000), room=43)
    answer = await client.get(PATH)
    assert answer.status_code == 200
    assert answer.json() == {
        "users": [
            {"userId": "alice", "seconds": 120.25},
            {"userId": "坏/人", "seconds": 90.001},
            {"userId": "bob", "seconds": 0.009},
        ],
        "totalSeconds": 210.26,
    }


async def test_the_total_is_that_of_all_users_however_few_are_asked_for(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    await watch(archive, *((f"user{number}", 1000 + number) for number in range(60)))
    page = (await client.get(PATH)).json()
    assert (len(page["users"]), page["users"][0]) == (50, {"userId": "user59", "seconds": 1.059})
    page = (await client.get(PATH, params={"limit": 1})).json()
    assert page == {"users": [{"userId": "user59", "seconds": 1.059}], "totalSeconds": 61.77}


async def test_in_a_room_that_nobody_watched_there_is_none(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).json() == {"users": [], "totalSeconds": 0}


async def test_the_admin_of_a_room_may_see_it_and_a_viewer_may_not(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH, headers=bearing("admin", activity_id=42))).status_code == 200
    assert (await client.get(PATH, headers=bearing("chat", "like", activity_id=42))).status_code == 403
