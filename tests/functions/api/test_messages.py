import json
from typing import Any

import httpx
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import RoomKeys
from functions.api.messages import DATA_BYTES
from functions.api.parts import ArchiveParts
from functions.rooms import archive as kept
from functions.rooms import events, objects
from functions.rooms.events import Event
from functions.rooms.json_value import LEVELS
from tests.functions.api.bearers import bearing
from tests.functions.conftest import NOW, MemoryLog
from tests.functions.made import event

ROOM = "/api/activities/42"
JSON = {"Content-Type": "application/json"}


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


async def test_a_notice_is_published_and_its_place_told(client: httpx.AsyncClient, log: MemoryLog) -> None:
    data = {"code": "TAKE10", "off": 1.5, "tags": ["新", None, True]}
    answer = await client.post(f"{ROOM}/notices", json={"name": "coupon", "data": data})
    (live,), (saved,) = log.live, log.saved
    assert (answer.status_code, answer.json()) == (201, {"seq": live.seq})
    assert live == saved
    assert (live.type, live.name, live.data, live.to) == (events.NOTICE, "coupon", data, None)


async def test_a_notice_may_be_a_name_alone(client: httpx.AsyncClient, log: MemoryLog) -> None:
    assert (await client.post(f"{ROOM}/notices", json={"name": "x" * 64})).status_code == 201
    assert log.live[0].data is None


async def test_the_largest_data_that_a_notice_may_have(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for data in ("x" * (DATA_BYTES - 2), "é" * ((DATA_BYTES - 2) // 2), nested(LEVELS), 10**4000, "\x00\u2028"):
        assert (await client.post(f"{ROOM}/notices", json={"name": "n", "data": data})).status_code == 201, str(data)[
            :9
        ]
        # What is published can be read again.
        assert json.loads(log.live[-1].to_record())["data"] == data


NO_DATA = [
    (json.dumps("x" * (DATA_BYTES - 1)), "at most 8192 bytes"),
    (json.dumps("é" * (DATA_BYTES // 2)), "at most 8192 bytes"),
    (json.dumps(nested(LEVELS + 1)), "at most 32 levels"),
    ('{"a":' * 33 + "1" + "}" * 33, "at most 32 levels"),
    ("[" * 900 + "]" * 900, "at most 32 levels"),
    ("[" * 100_000 + "]" * 100_000, ""),
    (r'"\ud800"', "surrogate"),
    (r'{"\udfff": 1}', "surrogate"),
    ("NaN", "body.data"),
    ("[-Infinity]", "body.data"),
    ("1e400", "body.data"),
    ("9" * 5000, ""),
]


async def test_data_that_cannot_be_carried_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for data, why in NO_DATA:
        body = f'{{"name": "n", "data": {data}}}'
        answer = await client.post(f"{ROOM}/notices", content=body, headers=JSON)
        case = data[:20]
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), case
        assert why in answer.json()["message"], case
        assert len(answer.content) < 1000, case
        assert log.live == [], case


async def test_a_notice_that_cannot_be_meant_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog) -> None:
    names = ("", "x" * 65, 1, None)
    for body in ({}, {"data": 1}, *({"name": name} for name in names), {"name": "n", "user": "bob"}):
        answer = await client.post(f"{ROOM}/notices", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), body
        assert log.live == [], body


async def test_a_lone_surrogate_is_no_name(client: httpx.AsyncClient, log: MemoryLog) -> None:
    answer = await client.post(f"{ROOM}/notices", content=r'{"name": "\ud800"}', headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")
    assert log.live == []


async def test_a_removed_chat_is_taken_out_of_the_history_and_kept_out(
    client: httpx.AsyncClient, log: MemoryLog, redis: RedisCluster
) -> None:
    room = RoomKeys(42)
    for seq in (16, 17):
        await redis.xadd(room.history, {"at": 1, "said": "{}"}, id=f"{seq}-0")
    answer = await client.delete(f"{ROOM}/messages/17")
    assert (answer.status_code, answer.content) == (204, b"")
    assert [entry for entry, _ in await redis.xrange(room.history) or ()] == ["16-0"]
    assert await redis.smembers(room.removed) == {"17"}
    assert 0 < await redis.ttl(room.removed) <= 600
    (live,), (saved,) = log.live, log.saved
    assert live == saved
    assert (live.type, live.data) == (events.REMOVED, {"seq": 17})


async def test_a_removal_that_is_tried_again_is_published_again(client: httpx.AsyncClient, log: MemoryLog) -> None:
    log.live_is_away = True
    assert (await client.delete(f"{ROOM}/messages/17")).status_code == 503
    log.live_is_away = False
    assert (await client.delete(f"{ROOM}/messages/17")).status_code == 204
    assert [event.data for event in log.live] == [{"seq": 17}]


async def test_any_seq_there_may_be_can_be_removed(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for seq in (0, 2**53 - 1):
        assert (await client.delete(f"{ROOM}/messages/{seq}")).status_code == 204, seq
        assert log.live[-1].data == {"seq": seq}


async def test_what_is_no_seq_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for seq in ("-1", str(2**53), "1e3", "x", "%00", "17-0", "9" * 5000, "1.5"):
        answer = await client.delete(f"{ROOM}/messages/{seq}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), seq
        assert log.live == [], seq


def chat(seq: int, text: str = "", *, room: int = 42, **fields: Any) -> Event:
    return event(
        activity_id=room,
        time=NOW + seq,
        user_id="alice",
        username="Alice",
        avatar="face",
        content=text or f"chat {seq}",
        seq=seq,
        logged_at=NOW + seq,
        **fields,
    )


def told(seq: int, type_: int, **fields: Any) -> Event:
    return event(type_, time=NOW + seq, user_id="mod", username="Mod", seq=seq, logged_at=NOW, **fields)


async def store(archive: ArchiveParts, *stored: Event) -> None:
    items = [item for offset, event in enumerate(stored) for item in kept.items(event, offset, days=400)]
    assert await archive.messages.put(items) == []


async def test_chat_and_notices_are_listed_as_viewers_got_them_newest_first(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    said = chat(3, "你好 \U0001f44b", client_id="c1")
    notice = told(5, events.NOTICE, name="coupon", data={"off": [1.5, None]})
    bare = told(7, events.NOTICE, name="bell")
    await store(archive, said, notice, chat(4), bare)
    answer = await client.get(f"{ROOM}/messages")
    shown = [objects.of_event(bare), objects.of_event(notice), objects.of_event(chat(4)), objects.of_event(said)]
    assert answer.json() == {"messages": shown, "before": None}
    assert "id" not in answer.json()["messages"][2]
    assert answer.json()["messages"][0]["data"] is None


async def test_a_removed_chat_is_marked_and_its_text_is_not_told(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    await store(archive, chat(1), chat(2, "secret", client_id="c2"), told(9, events.REMOVED, data={"seq": 2}))
    answer = await client.get(f"{ROOM}/messages")
    expected = objects.of_event(chat(2, client_id="c2")) | {"removed": True}
    del expected["textMessage"]
    assert answer.json()["messages"] == [expected, objects.of_event(chat(1))]
    assert "secret" not in answer.text


async def test_a_removed_notice_is_marked_and_what_it_said_is_not_told(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    notice = told(2, events.NOTICE, name="coupon", data={"code": "SECRET"})
    await store(archive, notice, told(9, events.REMOVED, data={"seq": 2}))
    answer = await client.get(f"{ROOM}/messages")
    expected = {"messageType": events.NOTICE, "seq": 2, "time": notice.time, "removed": True}
    assert answer.json()["messages"] == [expected]


async def test_private_chat_and_what_else_happens_is_never_listed(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    join = told(2, events.JOIN)
    sanction = told(3, events.SANCTION, to="bob", data={"action": "muted", "seconds": 5})
    await store(archive, chat(1, "psst", to="bob"), join, sanction, chat(4, room=43))
    answer = await client.get(f"{ROOM}/messages", headers=bearing())
    assert answer.json() == {"messages": [], "before": None}


async def test_messages_are_listed_page_by_page_each_once(client: httpx.AsyncClient, archive: ArchiveParts) -> None:
    await store(archive, *(chat(seq) for seq in range(0, 250, 10)))
    seen, before, pages = [], None, 0
    while pages == 0 or before is not None:
        query = {"limit": 10} if before is None else {"limit": 10, "before": before}
        page = (await client.get(f"{ROOM}/messages", params=query)).json()
        seen += [message["seq"] for message in page["messages"]]
        before, pages = page["before"], pages + 1
    assert seen == list(range(240, -1, -10))
    assert pages == 3


async def test_without_a_limit_a_page_of_messages_has_fifty(client: httpx.AsyncClient, archive: ArchiveParts) -> None:
    await store(archive, *(chat(seq) for seq in range(51)))
    page = (await client.get(f"{ROOM}/messages")).json()
    assert (len(page["messages"]), page["before"]) == (50, 1)


async def test_a_before_that_cannot_be_meant_is_a_bad_field(client: httpx.AsyncClient) -> None:
    for before in ("-1", str(2**53), "x", "1.5", "", "9" * 5000, "%00"):
        answer = await client.get(f"{ROOM}/messages?before={before}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), before


async def test_before_the_first_there_is_nothing_and_before_the_last_everything(
    client: httpx.AsyncClient, archive: ArchiveParts
) -> None:
    await store(archive, chat(0))
    for before, found in ((0, 0), (2**53 - 1, 1)):
        page = (await client.get(f"{ROOM}/messages?before={before}")).json()
        assert len(page["messages"]) == found, before


async def test_a_notice_to_some_names_each_of_them_once(client: httpx.AsyncClient, log: MemoryLog) -> None:
    users = [f"u{number}" for number in range(100)]
    cases: list[tuple[Any, Any]] = [
        ("bob", "bob"),
        (["bob"], "bob"),
        (["bob", "名👋", "bob"], ("bob", "名👋")),
        (users, tuple(users)),
    ]
    for to, expected in cases:
        answer = await client.post(f"{ROOM}/notices", json={"name": "n", "to": to})
        assert answer.status_code == 201, to
        assert (log.live[-1].to, log.saved[-1].to) == (expected, expected), to


async def test_a_notice_to_nobody_or_to_no_user_is_a_bad_field_and_shown_to_nobody(
    client: httpx.AsyncClient, log: MemoryLog
) -> None:
    wrong: list[Any] = [None, "", [], ["u"] * 101, 7, {}, True, " bob", "a\n", "x" * 65]
    wrong += [["bob", ""], ["bob", 7], [["bob"]], [None]]
    for to in wrong:
        answer = await client.post(f"{ROOM}/notices", json={"name": "n", "to": to})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), to
        assert answer.json()["message"].startswith("body.to: must be a userId, or a list of 1 to 100"), to
    assert log.live == log.saved == []


async def test_a_notice_to_some_is_never_listed(client: httpx.AsyncClient, archive: ArchiveParts) -> None:
    targets: list[Any] = ["alice", ("alice", "bob")]
    notices = [told(seq, events.NOTICE, name="n", to=to) for seq, to in enumerate(targets)]
    await store(archive, *notices, told(2, events.PROPERTIES, data={"a": 1}))
    for token in (bearing(), bearing("admin"), bearing("chat", activity_id=42)):
        answer = await client.get(f"{ROOM}/messages", headers=token)
        assert answer.json() == {"messages": [], "before": None}
    stored = [one.event.to async for one in archive.messages.events(42, "p")]
    assert stored == ["alice", ("alice", "bob")]
