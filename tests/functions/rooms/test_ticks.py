import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.rooms import events
from functions.rooms.bulletin import Bulletin
from functions.rooms.events import Event
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.room_view import RoomNow, Standing
from functions.rooms.sanctions import Mute
from functions.rooms.ticks import NAMED_AT_MOST, Tick, fold
from tests.functions import made

ROOM = RoomNow(online=12, likes=345, settings={"frozen": True}, properties={"pinned": {"sku": 1}})


def event(type_: int, seq: int = 1, user: str = "alice", **fields: Any) -> Event:
    return made.event(type_, time=1000, user_id=user, username=user.title(), seq=seq, **fields)


def tick(*records: Event) -> Tick:
    """The tick of a room whose state agrees with the last record of each user."""
    moves = [record for record in records if record.type in (events.JOIN, events.LEAVE)]
    users = {record.who.user_id: Standing(is_present=record.type == events.JOIN) for record in moves}
    return fold(records, replace(ROOM, users=users))


def said(bulletin: Bulletin) -> list[dict[str, Any]]:
    (frame,) = bulletin.frames("live.v1")
    objects: list[dict[str, Any]] = json.loads(frame.data)
    return objects


def types(bulletin: Bulletin) -> list[int]:
    return [value["messageType"] for value in said(bulletin)]


def test_joins_and_leaves_come_with_the_newest_count_once() -> None:
    objects = said(tick(event(events.JOIN, user="ann"), event(events.LEAVE, user="bob")).bulletin)
    assert objects == [
        {"messageType": 1, "username": "Ann", "userId": "ann"},
        {"messageType": 2, "username": "Bob", "userId": "bob"},
        {"messageType": 5, "onlineNumber": 12},
    ]


def test_many_who_join_at_once_become_one_object() -> None:
    crowd = [event(events.JOIN, user=f"u{number}") for number in range(NAMED_AT_MOST + 4)]
    joined = [value for value in said(tick(*crowd).bulletin) if value["messageType"] == 1]
    assert joined == [{"messageType": 1, "username": "U8", "userId": "u8", "others": 8}]


def test_who_reloads_the_page_neither_joined_nor_left() -> None:
    reload = tick(event(events.LEAVE, 1), event(events.JOIN, 2))
    assert said(reload.bulletin) == [{"messageType": 5, "onlineNumber": 12}]


def test_who_came_and_went_did_both_once() -> None:
    visit = tick(event(events.JOIN, 1), event(events.LEAVE, 2), event(events.JOIN, 3), event(events.LEAVE, 4))
    assert types(visit.bulletin) == [1, 2, 5]


def test_likes_become_the_newest_total() -> None:
    assert said(tick(event(events.LIKE), event(events.LIKE, 2)).bulletin) == [{"messageType": 6, "zanNumber": 345}]


def test_chat_keeps_the_order_of_the_log() -> None:
    objects = said(tick(*(event(events.CHAT, seq, content=str(seq)) for seq in (3, 5, 9))).bulletin)
    assert [value["seq"] for value in objects] == [3, 5, 9]
    assert objects[0] == {
        "messageType": 4,
        "seq": 3,
        "textMessage": "3",
        "fromusername": "Alice",
        "userId": "alice",
        "avatar": "",
        "time": 1000,
    }


def test_heartbeats_and_further_seats_say_nothing() -> None:
    quiet = tick(event(events.HEARTBEAT), event(events.SEATED))
    assert quiet.bulletin.frames("live.v1") == quiet.bulletin.frames("classic") == ()


def test_classic_clients_get_one_object_a_frame() -> None:
    frames = tick(event(events.CHAT, content="a"), event(events.LIKE, 2)).bulletin.frames("classic")
    assert [json.loads(frame.data)["messageType"] for frame in frames] == [4, 6]


def test_a_private_chat_reaches_its_recipient_and_its_sender_alone_and_in_its_place() -> None:
    whispered = tick(
        event(events.CHAT, 1, content="hello all"),
        event(events.CHAT, 2, content="psst", to="bob"),
        event(events.CHAT, 3, content="bye"),
    )
    for insider in ("bob", "alice"):
        assert [value["seq"] for value in said(whispered.bulletin_for(insider))] == [1, 2, 3]
    assert [value["seq"] for value in said(whispered.bulletin_for("carol"))] == [1, 3]
    assert said(whispered.bulletin_for("bob"))[1]["to"] == "bob"


def test_a_chat_to_oneself_is_told_once() -> None:
    assert types(tick(event(events.CHAT, content="note", to="alice")).bulletin_for("alice")) == [4]


def test_a_sanction_reaches_its_target_alone() -> None:
    muted = event(events.SANCTION, user="mod", to="bob", data={"action": "muted", "seconds": 60})
    sanction = fold([muted], replace(ROOM, users={"bob": Standing(mute=Mute(60_000))}))
    assert said(sanction.bulletin_for("bob")) == [{"messageType": 11, "action": "muted", "seconds": 60}]
    assert sanction.bulletin_for("mod").frames("live.v1") == ()


def test_who_is_cut_off_has_been_told_by_who_did_it() -> None:
    for action in ("kicked", "banned", "unbanned", "forgotten"):
        sanction = tick(event(events.SANCTION, user="mod", to="bob", data={"action": action, "seconds": None}))
        assert sanction.bulletin_for("bob").frames("live.v1") == (), action


def test_a_sanction_without_a_target_is_nobodys() -> None:
    payloads: list[object] = [None, [], {"action": "muted"}, {"action": ["kicked"]}]
    for data in payloads:
        assert tick(event(events.SANCTION, data=data)).bulletin.frames("live.v1") == (), data


def test_what_the_platform_says_is_relayed() -> None:
    objects = said(
        tick(
            event(events.REMOVED, 1, data={"seq": 5}),
            event(events.NOTICE, 2, name="coupon", data={"off": 10}),
            event(events.SETTINGS, 3, data={"frozen": False}),
            event(events.PROPERTIES, 4, data={"pinned": {"sku": 0}, "old": 1}),
        ).bulletin
    )
    assert objects == [
        {"messageType": 9, "seq": 5},
        {"messageType": 10, "seq": 2, "name": "coupon", "data": {"off": 10}, "time": 1000},
        {"messageType": 12, "settings": {"frozen": True}},
        {"messageType": 14, "properties": {"pinned": {"sku": 1}, "old": None}},
    ]


def test_changes_of_properties_are_one_object_unless_there_are_very_many() -> None:
    changed = tick(*(event(events.PROPERTIES, seq, data={f"p{seq}": 1}) for seq in range(9)))
    assert [said["properties"].keys() for said in said(changed.bulletin)] == [{f"p{seq}" for seq in range(9)}]
    names = [{f"{seq}-{number}" + "é" * 55: None for number in range(64)} for seq in range(30)]
    many = tick(*(event(events.PROPERTIES, seq, data=data) for seq, data in enumerate(names)))
    frames = many.bulletin.frames("live.v1")
    assert max(len(frame.data) for frame in frames) <= FRAME_BYTES
    told = [name for frame in frames for said in json.loads(frame.data) for name in said["properties"]]
    assert sorted(told) == sorted(name for data in names for name in data)


def test_a_change_of_properties_that_names_none_is_not_told() -> None:
    assert tick(event(events.PROPERTIES, data={})).bulletin.frames("live.v1") == ()


def test_an_overloaded_tick_keeps_the_properties() -> None:
    records = [event(events.CHAT, n, user=f"u{n}", content="x" * 480) for n in range(100)]
    full = tick(event(events.PROPERTIES, data={"pinned": 1}), *records).limited_to(4)
    assert 14 in [json.loads(frame.data)["messageType"] for frame in full.bulletin.frames("classic")]


def test_a_notice_to_some_is_each_ones_own_and_nobody_elses() -> None:
    notice = tick(
        event(events.NOTICE, 1, user="shop", name="n", data=5, to=("bob", "carol")),
        event(events.NOTICE, 2, user="shop", name="m", to="bob"),
        event(events.CHAT, 3, content="bye"),
    )
    assert said(notice.bulletin_for("bob")) == [
        {"messageType": 10, "seq": 1, "name": "n", "data": 5, "time": 1000, "to": "bob"},
        {"messageType": 10, "seq": 2, "name": "m", "data": None, "time": 1000, "to": "bob"},
        said(notice.bulletin)[0],
    ]
    assert [value.get("to") for value in said(notice.bulletin_for("carol"))] == ["carol", None]
    for stranger in ("shop", "alice", "dave"):
        assert types(notice.bulletin_for(stranger)) == [4], stranger


def crowded(chats: int) -> Tick:
    records = [event(events.JOIN, user="newcomer"), event(events.NOTICE, 1, name="n", data="d" * 2000)]
    records += [event(events.CHAT, 10 + n, user=f"u{n}", content="x" * 480) for n in range(chats)]
    return tick(*records)


def test_an_overloaded_tick_leaves_out_joins_then_the_oldest_chat_and_says_so() -> None:
    objects = said(crowded(100).bulletin)
    kept = [value["seq"] for value in objects if value["messageType"] == 4]
    dropped = 100 - len(kept)
    assert objects[0] == {"messageType": 13, "dropped": {"join": 1, "chat": dropped}}
    assert kept == list(range(10 + dropped, 110))
    assert [value["messageType"] for value in objects if value["messageType"] in (10, 5)] == [10, 5]


def test_what_came_too_late_is_told_first_and_moves_no_private_chat() -> None:
    late = [event(events.CHAT, 1), event(events.NOTICE, 2), event(events.CHAT, 3, to="bob"), event(events.LIKE, 4)]
    records = [event(events.CHAT, 5, content="a"), event(events.CHAT, 6, content="psst", to="bob")]
    delayed = fold([*records, event(events.CHAT, 7, content="b")], ROOM, late)
    assert said(delayed.bulletin)[0] == {"messageType": 13, "dropped": {"chat": 1, "notice": 1}}
    assert types(delayed.bulletin) == [13, 4, 4, 5, 6]
    assert [value.get("seq") for value in said(delayed.bulletin_for("bob"))] == [None, 5, 6, 7, None, None]
    assert "carol" not in delayed.exceptions


def test_what_came_too_late_and_what_does_not_fit_are_one_object() -> None:
    late = [event(events.CHAT, 1), event(events.NOTICE, 2)]
    records = [event(events.CHAT, 10 + n, user=f"u{n}", content="x" * 480) for n in range(100)]
    busy = fold(records, ROOM, late)
    for bulletin in (busy.bulletin, busy.bulletin_for("u0"), busy.limited_to(4).bulletin):
        objects = said(bulletin)
        kept = sum(value["messageType"] == 4 for value in objects)
        assert objects[0] == {"messageType": 13, "dropped": {"chat": 101 - kept, "notice": 1}}
        assert [value["messageType"] for value in objects].count(13) == 1
        assert bulletin.left_out == {"chat": 100 - kept}
        assert len(bulletin.frames("live.v1")[0].data) <= FRAME_BYTES
    assert len(busy.limited_to(4).bulletin.parts) == 4


def test_whose_own_chat_was_left_out_gets_it_all_the_same() -> None:
    busy = crowded(100)
    assert "u0" in busy.exceptions
    assert "u99" not in busy.exceptions
    own = [value["seq"] for value in said(busy.bulletin_for("u0")) if value["messageType"] == 4]
    assert own[0] == 10
    assert busy.bulletin_for("u99") is busy.bulletin


def test_a_frame_is_encoded_once_for_all_who_share_it() -> None:
    shared = tick(event(events.CHAT, content="a"))
    assert shared.bulletin_for("x").frames("live.v1")[0] is shared.bulletin_for("y").frames("live.v1")[0]


@given(st.integers(0, 300), st.text(st.characters(codec="utf-8"), max_size=500))
def test_no_frame_is_ever_longer_than_32_kb(chats: int, text: str) -> None:
    busy = fold([event(events.CHAT, n, user=f"u{n % 3}", content=text) for n in range(chats)], ROOM)
    for frame in (*busy.bulletin.frames("live.v1"), *busy.bulletin_for("nobody").frames("live.v1")):
        assert len(frame.data) <= FRAME_BYTES


def test_a_welcome_comes_before_everything_else() -> None:
    bulletin = tick(event(events.JOIN)).bulletin
    (frame,) = bulletin.frames_with_welcome("live.v1", b'{"messageType":8}', b'{"messageType":6}')
    assert [value["messageType"] for value in json.loads(frame.data)] == [8, 1, 5]
    frames = bulletin.frames_with_welcome("classic", b'{"messageType":8}', b'{"messageType":6}')
    assert [json.loads(frame.data)["messageType"] for frame in frames] == [8, 6, 1, 5]


def test_a_welcome_that_does_not_fit_into_the_ticks_frame_has_its_own() -> None:
    welcome = b'{"messageType":8,"history":"' + b"x" * 2000 + b'"}'
    frames = crowded(100).bulletin.frames_with_welcome("live.v1", welcome, b"{}")
    assert [json.loads(frame.data)[0]["messageType"] for frame in frames] == [8, 13]


def test_an_object_that_no_frame_has_room_for_is_told_in_its_place() -> None:
    huge = "x" * 140_000
    told = tick(
        event(events.LEAVE, 1, user=huge),
        event(events.CHAT, 2, content="before"),
        event(events.NOTICE, 3, name="n", data=huge),
        event(events.CHAT, 4, content=huge),
        event(events.SETTINGS, 5, data={"frozen": huge}),
        event(events.REMOVED, 6, data={"seq": huge}),
        event(events.CHAT, 7, content="after"),
    )
    assert said(told.bulletin) == [
        {"messageType": 13, "dropped": {"leave": 1}},
        said(tick(event(events.CHAT, 2, content="before")).bulletin)[0],
        {"messageType": 13, "seq": 3, "dropped": {"notice": 1}},
        {"messageType": 13, "seq": 4, "dropped": {"chat": 1}},
        {"messageType": 12, "settings": {"frozen": True}},
        {"messageType": 13, "seq": 6, "dropped": {"removal": 1}},
        said(tick(event(events.CHAT, 7, content="after")).bulletin)[0],
        {"messageType": 5, "onlineNumber": 12},
    ]
    assert told.too_large == 4
    assert [len(frame.data) < FRAME_BYTES for frame in told.bulletin.frames("classic")] == [True] * 8


def test_a_private_chat_that_is_too_large_is_told_to_its_readers_alone() -> None:
    whispered = tick(event(events.CHAT, 2, content="x" * 40_000, to="bob"))
    assert said(whispered.bulletin_for("bob")) == [{"messageType": 13, "seq": 2, "dropped": {"chat": 1}}]
    assert whispered.bulletin_for("carol").frames("live.v1") == ()


def test_an_object_that_just_fits_is_shown_in_both_framings() -> None:
    room = FRAME_BYTES - len(tick(event(events.CHAT, 1, content="")).bulletin.frames("live.v1")[0].data)
    for size, type_ in ((room, 4), (room + 1, 13)):
        fitting = tick(event(events.CHAT, 1, content="x" * size)).bulletin
        assert types(fitting) == [type_], size
        assert json.loads(fitting.frames("classic")[0].data)["messageType"] == type_
