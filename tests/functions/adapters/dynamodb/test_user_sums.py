from functions.adapters.dynamodb.user_sums import NEW, UserSums, seconds
from functions.rooms import events
from functions.rooms.deeds import Deed, deed_of
from functions.rooms.watch_time import Counted, Stretch
from tests.functions.conftest import NOW
from tests.functions.made import event


def deed(type_: int, offset: int, at: int = 0, **fields: object) -> Deed:
    happened = event(type_, user_id="alice", time=NOW + at, logged_at=NOW + at, **{"username": "Alice"} | fields)
    made = deed_of(happened, offset)
    assert made
    return made


JOINED = deed(events.JOIN, 1)
BEAT = deed(events.HEARTBEAT, 2, 60_000, **Stretch(NOW, NOW + 60_000, 60_000).fields())
CHATS = [deed(events.CHAT, 3, 70_000), deed(events.CHAT, 5, 65_000)]


def test_who_comes_for_the_first_time_gets_an_item() -> None:
    update = NEW.update([JOINED], {})
    assert update is not None
    assert (update.adds, update.was, update.until) == ({}, {"userId": None}, NOW)
    assert update.changes == {"userId": "alice", "username": "Alice"}
    assert UserSums().update([JOINED], {}) is None


def test_watch_time_and_chats_are_added_behind_what_is_counted() -> None:
    update = NEW.update([JOINED, BEAT, *CHATS], {2: 60_000})
    assert update is not None
    assert update.adds == {"seconds": "60.000", "chats": "2"}
    assert update.changes["watchedTo"] == NOW + 60_000
    assert (update.changes["saidTo"], update.changes["saidAt"]) == (5, NOW + 70_000)
    assert update.was == {"userId": None, "watchedTo": None, "saidTo": None}
    before = UserSums(watched=1000, watched_to=NOW, chats=7, said=Counted(3, NOW + 70_000))
    assert (before.watched_with([BEAT], {2: 60_000}), before.chats_with(CHATS)) == (61_000, 8)
    update = before.update([BEAT, *CHATS], {2: 60_000})
    assert update is not None
    assert update.adds == {"seconds": "60.000", "chats": "1"}
    assert update.was == {"watchedTo": NOW, "saidTo": 3, "saidAt": NOW + 70_000}


def test_what_is_counted_already_changes_nothing() -> None:
    sums = UserSums(watched=60_000, watched_to=NOW + 60_000, chats=2, said=Counted(5, NOW + 70_000))
    assert sums.update([JOINED, BEAT, *CHATS], {2: 0}) is None


def test_a_name_that_is_lost_does_not_replace_one() -> None:
    update = UserSums().update([CHATS[0], CHATS[1]._replace(username="")], {})
    assert update is not None
    assert update.changes["username"] == "Alice"


def test_an_item_holds_what_was_written() -> None:
    item = {"seconds": {"N": "61.001"}, "watchedTo": {"N": "5"}, "chats": {"N": "2"}, "saidTo": {"N": "9"}}
    assert UserSums.of(item | {"saidAt": {"N": "8"}}) == UserSums(
        watched=61_001, watched_to=5, chats=2, said=Counted(9, 8)
    )
    assert UserSums.of({"userId": {"S": "alice"}}) == UserSums()
    assert [seconds(ms) for ms in (0, 1, 1000, 60_001)] == ["0.000", "0.001", "1.000", "60.001"]
