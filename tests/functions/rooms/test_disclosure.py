import pytest

from functions.rooms import events
from functions.rooms.archive import items, partition
from functions.rooms.disclosure import pack_cursor, parse_cursor, told_of, what_of
from functions.rooms.refusal import Refusal
from tests.functions.conftest import NOW
from tests.functions.made import event


def test_an_item_is_told_with_its_room_and_what_it_is() -> None:
    happened = event(user_id="alice", content="hi", extra={"replyTo": 1}, attributes={"role": "host"}, seq=3)
    [item] = items(happened, 1, days=400)
    told = told_of(item.pk, item.sk, item.attributes)
    assert told == {
        "activityId": 42,
        "what": "chat",
        "type": 4,
        "seq": 3,
        "time": NOW,
        "userId": "alice",
        "text": "hi",
        "extra": {"replyTo": 1},
        "attributes": {"role": "host"},
        "expires": item.attributes["expires"],
    }


def test_each_kind_of_item_has_a_word() -> None:
    by = {"user_id": "mod", "seq": 8}
    words = {
        events.JOIN: "join",
        events.LEAVE: "leave",
        events.CHAT: "chat",
        events.NOTICE: "notice",
        events.SANCTION: "sanction",
        events.SETTINGS: "settings",
    }
    for type_, word in words.items():
        item, *_ = items(event(type_, **by), 1, days=400)
        assert what_of(item.sk, item.attributes) == word
    removal, mark, _ = items(event(events.REMOVED, data={"seq": 3}, **by), 1, days=400)
    assert what_of(removal.sk, removal.attributes) == "removal"
    told = told_of(mark.pk, mark.sk, mark.attributes)
    assert (told["what"], told["seq"], told["userId"]) == ("removalMark", 3, "mod")


def test_watch_time_is_told_without_what_is_for_the_table_alone() -> None:
    item = {"pk": "watch#42#7", "sk": "u#alice", "topOf": "watch#42#7", "userId": "alice", "seconds": 60.5}
    assert told_of("watch#42#7", "u#alice", item) == {
        "activityId": 42,
        "what": "sums",
        "userId": "alice",
        "seconds": 60.5,
    }


def test_a_cursor_comes_back_as_it_went() -> None:
    for key in ((partition(42), "m#0000000000000001"), ("watch#42#7", "u#坏/人")):
        assert parse_cursor(pack_cursor(key)) == key
    assert (pack_cursor(None), parse_cursor(None)) == (None, None)


@pytest.mark.parametrize("cursor", ["", "?", "YWJj", "CQ==", "YQk=", "/w==", "é"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal, match="cursor must be one that a page ended with"):
        parse_cursor(cursor)
