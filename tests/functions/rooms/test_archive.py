import json
from dataclasses import replace
from typing import Any

from functions.rooms import archive, events
from functions.rooms.archive import Item, Stored, items, place, read_record, stored, without_repeats
from functions.rooms.events import Chat, Event, Heartbeat, Leave, Removed, Sanction, Who
from functions.rooms.records import BrokenRecord
from functions.rooms.removals import UserMark
from tests.functions.made import event
from tests.functions.rooms.refusals import not_refused

NOW = 1_700_000_000_000
DAYS = 400
EXPIRES = 1_700_000_000 + 400 * 86_400

ALICE = Who(user_id="alice", username="Alice", connection_id="c-1", avatar="face", company_id="7")
MO = Who(user_id="mod", username="Mo")
CHAT = Chat(activity_id=42, time=NOW - 5, who=ALICE, content="hi", client_id="c1", seq=12, logged_at=NOW)
NOTICE = event(events.NOTICE, user_id="shop", seq=13, logged_at=NOW, name="card", data={"off": 10})
SANCTION = Sanction(
    activity_id=42, time=NOW, who=MO, seq=14, logged_at=NOW, to="bob", data={"action": "muted", "seconds": 60}
)
REMOVED = Removed(activity_id=42, time=NOW, who=MO, seq=15, logged_at=NOW, data={"seq": 12})


def made(event: Event) -> list[tuple[str, dict[str, Any]]]:
    return [(item.sk, dict(item.attributes)) for item in items(event, 7, days=DAYS)]


def record(**fields: Any) -> bytes:
    return json.dumps({"activityId": 42, "messageType": 4, "nickname": "Alice", "seq": 12} | fields).encode()


def test_a_chat_is_kept_at_its_seq_with_what_it_says_and_until_when() -> None:
    assert made(CHAT) == [
        (
            "m#0000000000000012",
            {
                "type": 4,
                "seq": 12,
                "offset": 7,
                "time": NOW - 5,
                "expires": EXPIRES,
                "userId": "alice",
                "username": "Alice",
                "avatar": "face",
                "companyId": "7",
                "text": "hi",
                "id": "c1",
            },
        )
    ]
    [item] = items(CHAT, 7, days=DAYS)
    assert (item.pk, item.offset) == ("room#42", 7)


def test_a_private_chat_is_kept_where_nobody_lists_it() -> None:
    (sk, attributes), _ = made(replace(CHAT, to="bob"))
    assert (sk, attributes["to"]) == ("p#0000000000000012", "bob")


def test_a_notice_to_some_is_kept_there_too_with_all_whom_it_is_for() -> None:
    (sk, attributes), *_ = made(replace(NOTICE, to=("bob", "carol")))
    assert (sk, attributes["targets"], "to" in attributes) == ("p#0000000000000013", '["bob","carol"]', False)
    (sk, attributes), *_ = made(replace(NOTICE, to="bob"))
    assert (sk, attributes["to"], "targets" in attributes) == ("p#0000000000000013", "bob", False)


def test_what_is_to_a_user_is_found_by_an_item_of_theirs_beside_it() -> None:
    for happened, kind in ((replace(CHAT, to="bob"), "p"), (SANCTION, "e")):
        (sk, _), (beside, attributes), *_ = made(happened)
        assert attributes == {"userId": "bob", "kind": kind, "time": happened.time, "expires": EXPIRES}
        assert beside == f"t#{happened.seq:016d}#bob"
        assert archive.target_of(beside, kind) == sk
    _, *beside_it, _ = made(replace(NOTICE, to=("bob", "carol")))
    assert [(sk, one["userId"]) for sk, one in beside_it] == [
        (f"t#{NOTICE.seq:016d}#{user_id}", user_id) for user_id in ("bob", "carol")
    ]
    # An id may hold the sign that parts a key.
    assert archive.target_of(archive.target_place(12, "a#b#c"), "p") == "p#0000000000000012"


def test_the_order_of_places_is_the_order_of_numbers() -> None:
    numbers = [0, 9, 10, 99, 2**31, 2**53 - 1]
    places = [place("m", number) for number in numbers]
    assert places == sorted(places)
    assert [archive.number(sk) for sk in places] == numbers


def test_a_removal_is_kept_beside_the_chat_and_as_what_a_moderator_did() -> None:
    assert made(REMOVED) == [
        (
            "e#0000000000000015",
            {
                "type": 9,
                "seq": 15,
                "offset": 7,
                "time": NOW,
                "expires": EXPIRES,
                "userId": "mod",
                "username": "Mo",
                "data": '{"seq":12}',
            },
        ),
        ("x#0000000000000012", {"userId": "mod", "username": "Mo", "time": NOW, "expires": EXPIRES}),
        ("a#0000000000000015", {"kind": "e", "time": NOW, "expires": EXPIRES}),
    ]


def test_what_moderators_and_the_platform_do_is_found_by_an_item_that_names_nobody() -> None:
    acts = [(SANCTION, "e"), (REMOVED, "e"), (NOTICE, "m"), (replace(NOTICE, to="bob"), "p")]
    acts += [(event(type_, seq=16, logged_at=NOW), "e") for type_ in (events.SETTINGS, events.PROPERTIES)]
    for act, kind in acts:
        (sk, _), *_, (beside, attributes) = made(act)
        assert (beside, archive.target_of(beside, kind)) == (f"a#{act.seq:016d}", sk), act
        assert attributes == {"kind": kind, "time": act.time, "expires": EXPIRES}, act
    for other in (CHAT, event(events.JOIN, seq=14, logged_at=NOW), event(events.LEAVE, seq=14, logged_at=NOW)):
        assert [sk for sk, _ in made(other) if sk.startswith("a#")] == [], other


def test_the_removal_of_all_that_a_user_said_is_one_mark() -> None:
    removal = replace(REMOVED, data={"userId": "bob", "seqs": [3, 12]})
    (_, event_), (sk, attributes), (beside, named), _ = made(removal)
    assert event_["data"] == '{"userId":"bob","seqs":[3,12]}'
    assert sk == f"u#{NOW:016d}#bob"
    assert attributes == {
        "of": "bob",
        "seq": 15,
        "userId": "mod",
        "username": "Mo",
        "time": NOW,
        "expires": EXPIRES,
    }
    assert archive.user_mark(attributes) == UserMark("bob", NOW, 15)
    assert (beside, named["userId"], named["kind"]) == ("t#0000000000000015#bob", "bob", "e")


def test_what_is_not_said_is_kept_as_an_event() -> None:
    for type_ in (events.JOIN, events.LEAVE, events.SANCTION, events.SETTINGS, events.PROPERTIES):
        (sk, attributes), *_ = made(event(type_, seq=14, to="bob", logged_at=NOW))
        assert (sk, attributes["to"]) == ("e#0000000000000014", "bob"), type_


def test_nothing_is_kept_of_a_heartbeat_and_a_like() -> None:
    assert made(event(events.HEARTBEAT, user_id="alice", watch_seconds=60)) == []
    assert made(event(events.LIKE, user_id="alice", likes=9)) == []


def test_an_event_comes_back_as_it_went() -> None:
    bare = event(events.NOTICE, seq=13, data=[1.5, None])
    properties = event(events.PROPERTIES, seq=13, data={"pinned": {"sku": 1}, "old": None})
    to_some = [replace(NOTICE, to=to) for to in ("bob", ("bob", "carol"), ('["bob"]', "["))]
    for happened in (CHAT, replace(CHAT, to="bob"), NOTICE, SANCTION, bare, properties, *to_some):
        item, *_ = items(happened, 7, days=DAYS)
        unconnected = replace(happened.who, connection_id="")
        assert stored(42, item.attributes) == Stored(replace(happened, who=unconnected, logged_at=0)), happened


def test_what_was_removed_is_withheld_and_nothing_else() -> None:
    assert Stored(CHAT).withheld() == Stored(CHAT)
    assert Stored(CHAT, removed=True).withheld() == Stored(replace(CHAT, content=""), removed=True)


def test_a_record_is_read_with_the_seq_and_the_watch_time_it_names() -> None:
    leave = Leave(activity_id=42, time=NOW - 5, who=ALICE, seq=12, logged_at=NOW, watch_seconds=12.345)
    assert read_record(leave.to_record(), NOW) == leave
    watched: dict[str, Any] = {"watch_seconds": 60.0, "watch_from": NOW - 600_000, "watch_to": NOW}
    heartbeat = Heartbeat(activity_id=42, time=NOW, who=ALICE, client_id="h1", logged_at=NOW, **watched)
    assert read_record(heartbeat.to_record(), NOW) == heartbeat


def test_a_character_that_cannot_be_written_becomes_a_question_mark() -> None:
    event = read_record(record(content="a\ud800", userId="\udfff"), NOW)
    assert isinstance(event, Chat)
    assert (event.content, event.who.user_id) == ("a?", "?")
    item, _ = items(read_record(record(messageType=10, data=["\ud800"]), NOW), 7, days=DAYS)
    assert item.attributes["data"] == '["?"]'


def test_a_record_whose_time_is_none_is_kept_with_the_time_of_the_log() -> None:
    for time in (None, 2**60, -1, "soon"):
        [item] = items(read_record(record(time=time), NOW), 7, days=DAYS)
        assert item.attributes["time"] == NOW


def test_a_record_that_has_no_place_is_broken() -> None:
    records = [
        (b"{", "not UTF-8 JSON"),
        (record(seq=-1), "seq '-1' is not an integer"),
        (record(seq=2**53), "seq"),
        (record(seq=True), "seq 'True'"),
        (record(seq=None), "seq 'None'"),
        (record(watchSeconds="60"), "watchSeconds '60' is not a number"),
        (record(watchSeconds=10**400), "watchSeconds is too large"),
        (record(watchFrom=1), "only one"),
        (record(watchTo=1), "only one"),
        (record(watchFrom=2, watchTo=1), "watchFrom 2 is later than watchTo 1"),
        (record(watchFrom=-1, watchTo=1), "watchFrom '-1' is not an integer"),
        (record(watchFrom=1, watchTo=1.5), "watchTo '1.5' is not an integer"),
        (record(watchFrom=True, watchTo=1), "watchFrom 'True'"),
        (record(watchFrom="1", watchTo=2), "watchFrom '1'"),
        (record(watchFrom=1, watchTo=2**53), "watchTo"),
        (record(messageType=9), "data.seq 'None'"),
        (record(messageType=9, data={"seq": "12"}), "data.seq '12'"),
        (record(messageType=10, data=[1]).replace(b"[1]", b"1e999"), "the number 1e999 is too large"),
        (record(content="x" * archive.RECORD_BYTES), "more than an item may have"),
    ]

    def store(value: bytes) -> None:
        items(read_record(value, NOW), 7, days=DAYS)

    assert [(value, cause) for value, cause in records if not_refused(store, [value], BrokenRecord, cause)] == []


def test_of_one_place_the_last_stays() -> None:
    def item(sk: str, number: int) -> Item:
        return Item(activity_id=42, sk=sk, attributes={}, offset=number)

    assert [one.offset for one in without_repeats([item("m", 2), item("x", 5), item("m", 1)])] == [1, 5]


def test_the_same_place_in_another_room_is_another() -> None:
    both = [item for activity_id in (1, 2) for item in items(replace(CHAT, activity_id=activity_id), 7, days=DAYS)]
    assert without_repeats(both) == both
