import httpx

from functions.api.parts import ArchiveParts
from functions.rooms import events
from functions.rooms.archive import MINUTE_MS
from functions.rooms.deeds import deed_of
from functions.rooms.records import LATEST
from functions.rooms.report import MOST_MS
from tests.functions.api.bearers import bearing
from tests.functions.conftest import NOW
from tests.functions.made import event

PATH = "/api/activities/42/report"
MINUTE = NOW // MINUTE_MS * MINUTE_MS


async def chat(archive: ArchiveParts, *times: int, user: str = "alice") -> None:
    said = [event(events.CHAT, user_id=user, time=time, logged_at=time, online=1, likes=0) for time in times]
    deeds = [deed for time, one in zip(times, said, strict=True) if (deed := deed_of(one, time))]
    assert await archive.watched.add(deeds) == []


async def test_a_report_has_the_last_day_unless_another_time_is_asked_for(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    await chat(archive, NOW - 25 * 3_600_000, NOW - 60_000, NOW)
    told = (await client.get(PATH)).json()
    assert (told["activityId"], told["to"] - told["from"], told["chats"]) == (42, 24 * 3_600_000 + MINUTE_MS, 2)
    assert [minute["chats"] for minute in told["minutes"]] == [1, 1]
    assert told["estimated"] == ["viewers", "chatters", "watchSecondsPerViewer", "longest", "mostActive"]
    everything = (await client.get(PATH, params={"from": NOW - 26 * 3_600_000, "to": NOW + 1})).json()
    assert (everything["chats"], everything["viewers"], everything["estimated"]) == (3, 1, [])
    assert everything["mostActive"] == [{"userId": "alice", "chats": 3}]
    one = (await client.get(PATH, params={"from": MINUTE, "to": MINUTE + 1})).json()
    assert (one["from"], one["to"], one["chats"]) == (MINUTE, MINUTE + MINUTE_MS, 1)


async def test_a_time_that_is_none_is_refused_by_name(client: httpx.AsyncClient) -> None:
    for query, problem in (
        ({"from": "x"}, "query.from"),
        ({"to": -1}, "query.to"),
        ({"to": LATEST + 1}, "query.to"),
        ({"from": 1.5}, "query.from"),
        ({"from": 5, "to": 5}, "to must be later than from"),
        ({"from": 6, "to": 5}, "to must be later than from"),
        ({"to": 0}, "to must be later than from"),
        ({"from": 0, "to": MOST_MS + 1}, "from and to must be at most 7 days apart"),
        ({"from": 1}, "from and to must be at most 7 days apart"),
    ):
        answer = await client.get(PATH, params=query)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), query
        assert problem in answer.json()["message"], query


async def test_the_admin_of_a_room_may_see_it_and_a_viewer_may_not(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH, headers=bearing("admin", activity_id=42))).status_code == 200
    assert (await client.get(PATH, headers=bearing("chat", "moderate", activity_id=42))).status_code == 403
