import httpx

from functions.api.parts import ArchiveParts
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.words import Lists
from tests.functions.api.bearers import bearing
from tests.functions.api.site import Platform
from tests.functions.api.test_messages import chat, store, told
from tests.functions.conftest import NOW

AUDIT = "/api/activities/42/audit"


async def listed(client: httpx.AsyncClient, query: str = "") -> list[int]:
    answer = await client.get(AUDIT + query)
    assert answer.status_code == 200, answer.text
    return [act["seq"] for act in answer.json()["acts"]]


async def test_the_audit_says_who_did_what_to_whom_newest_first(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    done: list[tuple[Event, str, list[str], object]] = [
        (told(2, events.REMOVED, data={"seq": 1}), "removal", [], {"seq": 1}),
        (told(3, events.REMOVED, data={"userId": "bob", "seqs": [1]}), "removal", [], {"userId": "bob", "seqs": [1]}),
        (
            told(4, events.SANCTION, to="bob", data={"action": "muted", "seconds": 60, "reason": "loud"}),
            "sanction",
            ["bob"],
            {"action": "muted", "seconds": 60, "reason": "loud"},
        ),
        (told(5, events.SETTINGS, data={"frozen": True}), "settings", [], {"frozen": True}),
        (told(6, events.PROPERTIES, data={"pinned": {"sku": 1}, "old": None}), "properties", [], None),
        (told(7, events.NOTICE, name="coupon", data={"code": "X" * 99}), "notice", [], {"name": "coupon"}),
        (told(8, events.NOTICE, name="psst", to=("bob", "carol")), "notice", ["bob", "carol"], {"name": "psst"}),
    ]
    await store(archive, chat(1), *(event for event, *_ in done), told(9, events.JOIN), told(10, events.LEAVE))
    answer = await client.get(AUDIT)
    assert answer.json() == {
        "acts": [
            {
                "what": what,
                "seq": event.seq,
                "time": NOW + (event.seq or 0),
                "by": "mod",
                "byName": "Mod",
                "to": to,
                "data": data or event.payload()["data"],
            }
            for event, what, to, data in reversed(done)
        ],
        "before": None,
    }


async def test_the_audit_is_paged(client: httpx.AsyncClient, archive: ArchiveParts) -> None:
    await store(archive, *(told(seq, events.SETTINGS, data={"frozen": True}) for seq in range(7)))
    answer = await client.get(f"{AUDIT}?limit=4")
    assert answer.json()["before"] == 3
    assert await listed(client, "?limit=4") == [6, 5, 4, 3]
    assert await listed(client, "?limit=4&before=3") == [2, 1, 0]
    for wrong in ("?limit=0", "?limit=201", "?before=-1", "?before=x"):
        answer = await client.get(AUDIT + wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), wrong


async def test_a_listed_word_is_masked_in_the_name_of_who_acted(
    client: httpx.AsyncClient, archive: ArchiveParts, platform: Platform
) -> None:
    await platform.words.write(Lists(mask=("mod",)))
    await store(archive, told(1, events.SETTINGS, data={"frozen": True}))
    (act,) = (await client.get(AUDIT)).json()["acts"]
    assert (act["by"], act["byName"]) == ("mod", "***")


async def test_a_rooms_moderator_sees_the_audit_of_that_room_alone(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    await store(archive, told(1, events.SETTINGS, data={"frozen": True}))
    assert (await client.get(AUDIT, headers=bearing("moderate", activity_id=42))).status_code == 200
    assert (await client.get(AUDIT, headers=bearing("moderate", activity_id=43))).status_code == 403
    assert (await client.get(AUDIT, headers=bearing("publish", "admin"))).status_code == 403
