import json
from typing import Any

from functions.rooms import events
from functions.rooms.archive import ACT, items, kind_of
from functions.rooms.erasure import Erasure, Erasures, digest_of, settled_ms, without
from functions.rooms.events import Event
from functions.rooms.seats import bucket_of
from tests.functions.conftest import NOW
from tests.functions.made import event

ALICE = Erasure(digest_of("alice"), NOW, "secret")
ALIAS = ALICE.alias(42, "alice")


def alias_of(user_id: str) -> str | None:
    return ALIAS if user_id == "alice" else None


def left(happened: Event) -> list[Any]:
    """What is left of the items of an event."""
    made = items(happened, 1, days=400)
    beside_acts = [item for item in made if kind_of(item.sk) == ACT]
    assert all(without(item.attributes, alias_of) == item.attributes for item in beside_acts), "they name nobody"
    return [without(item.attributes, alias_of) for item in made if item not in beside_acts]


def test_an_alias_is_the_same_each_time_another_one_in_each_room_and_in_the_users_bucket() -> None:
    aliases = [ALICE.alias(room, "alice") for room in range(1, 200)]
    assert aliases == [ALICE.alias(room, "alice") for room in range(1, 200)]
    assert len(set(aliases)) == len(aliases)
    assert {bucket_of(alias) for alias in aliases} == {bucket_of("alice")}
    assert all(alias.startswith("erased-") and "alice" not in alias for alias in aliases)
    assert Erasure(ALICE.digest, NOW, "other").alias(42, "alice") != ALIAS


def test_the_digest_does_not_tell_the_user() -> None:
    assert "alice" not in ALICE.digest
    assert digest_of("坏/人") != digest_of("alice")


def test_an_erasure_holds_up_to_its_end_for_its_user_alone() -> None:
    erasures = Erasures([ALICE])
    assert erasures.alias(42, NOW, "alice") == ALIAS
    assert erasures.alias(42, NOW + 1, "alice") is None
    assert erasures.alias(42, NOW, "bob") is None
    assert erasures.alias(43, NOW, "alice") == ALICE.alias(43, "alice") != ALIAS
    assert not Erasures()


def test_what_a_user_said_and_that_they_came_and_went_is_removed() -> None:
    own: dict[str, Any] = {"user_id": "alice", "username": "Alice", "seq": 3}
    assert left(event(content="hi", **own)) == [None]
    assert left(event(events.JOIN, **own)) == left(event(events.LEAVE, **own)) == [None]
    private, pointer = left(event(content="psst", to="bob", **own))
    assert private is None
    assert pointer is not None
    assert pointer["userId"] == "bob"


def test_what_a_user_did_to_others_stays_without_their_name() -> None:
    own: dict[str, Any] = {"user_id": "alice", "username": "Alice", "avatar": "face", "seq": 3}
    own |= {"attributes": {"role": "host"}, "openid": "o-1"}
    data = {"action": "muted", "seconds": 60, "reason": "rude"}
    sanction, _ = left(event(events.SANCTION, to="bob", data=data, **own))
    assert sanction == {
        "time": NOW,
        "offset": 1,
        "expires": sanction["expires"],
        "type": 11,
        "seq": 3,
        "userId": ALIAS,
        "to": "bob",
        "data": json.dumps(data, separators=(",", ":")),
    }
    [notice] = left(event(events.NOTICE, name="card", data={"off": 10}, **own))
    assert (notice["userId"], notice["name"], notice["data"]) == (ALIAS, "card", '{"off":10}')
    removal, mark = left(event(events.REMOVED, data={"seq": 1}, **own))
    assert {removal["userId"], mark["userId"]} == {ALIAS}
    for one in (sanction, notice, removal, mark):
        assert not {"username", "avatar", "openid", "attributes"} & one.keys()
        assert "alice" not in json.dumps(one).lower()


def test_what_was_done_to_a_user_stays_without_their_name_and_without_a_reason() -> None:
    data = {"action": "banned", "seconds": None, "reason": "alice lies"}
    sanction, pointer = left(event(events.SANCTION, user_id="mod", username="Mo", to="alice", data=data, seq=3))
    assert (sanction["userId"], sanction["username"], sanction["to"]) == ("mod", "Mo", ALIAS)
    assert json.loads(sanction["data"]) == {"action": "banned", "seconds": None}
    assert pointer["userId"] == ALIAS
    private, _ = left(event(content="psst", user_id="bob", username="Bob", to="alice", seq=3))
    assert (private["userId"], private["text"], private["to"]) == ("bob", "psst", ALIAS)


def test_data_of_any_kind_stays_as_it_is() -> None:
    for data in (None, 5, "alice", ["reason"], {"other": 1}):
        sanction, _ = left(event(events.SANCTION, user_id="mod", to="alice", data=data, seq=3))
        assert json.loads(sanction.get("data", "null")) == data


def test_what_is_about_others_is_left_as_it_is() -> None:
    for happened in (
        event(content="about alice", user_id="bob", seq=3),
        event(events.SETTINGS, data={"frozen": True}, user_id="mod", seq=3),
    ):
        for item in items(happened, 1, days=400):
            assert without(item.attributes, alias_of) == item.attributes


def test_to_be_settled_takes_a_batch_and_a_reading_of_the_list() -> None:
    assert settled_ms(60) == 75_000


def test_of_those_whom_a_notice_is_for_only_the_erased_one_is_nameless() -> None:
    notice, *beside_it = left(event(events.NOTICE, user_id="shop", name="card", to=("bob", "alice"), seq=3))
    assert json.loads(notice["targets"]) == ["bob", ALIAS]
    assert [one["userId"] for one in beside_it] == ["bob", ALIAS]


def test_the_removal_of_all_that_a_user_said_stays_without_their_name_and_its_mark_goes() -> None:
    data = {"userId": "alice", "seqs": [1, 2], "reason": "alice lies"}
    removal, mark, pointer = left(event(events.REMOVED, user_id="mod", username="Mo", data=data, seq=8))
    assert removal is not None
    assert json.loads(removal["data"]) == {"userId": ALIAS, "seqs": [1, 2]}
    assert (removal["userId"], mark, pointer["userId"]) == ("mod", None, ALIAS)
    [by_alice, mark, _] = left(event(events.REMOVED, user_id="alice", data={**data, "userId": "bob"}, seq=8))
    assert (by_alice["userId"], mark["userId"], mark["of"]) == (ALIAS, ALIAS, "bob")
    assert json.loads(by_alice["data"])["userId"] == "bob"
