from typing import Any

from functions.rooms import events
from functions.rooms.current import up_to_date
from functions.rooms.events import Event, PlatformEvent
from functions.rooms.room_view import RoomNow, Standing
from functions.rooms.sanctions import Mute
from tests.functions import made

SETTINGS = {"slowModeSeconds": 5, "frozen": True}
PROPERTIES = {"pinned": {"sku": 1}, "note": "hi", "other": 0}
MUTED = {"bob": Standing(mute=Mute(59_001)), "carol": Standing(mute=Mute(0)), "dave": Standing()}


def sanction(seq: int, to: str | None, action: Any, seconds: int | None = None) -> Event:
    return made.event(events.SANCTION, seq=seq, to=to, data={"action": action, "seconds": seconds})


def told(*records: Event) -> list[tuple[int | None, Any]]:
    """The seq and the data of what is told."""
    room = RoomNow(online=1, likes=0, settings=SETTINGS, users=MUTED, properties=PROPERTIES)
    return [(one.seq, one.data) for one in up_to_date(records, room) if isinstance(one, PlatformEvent)]


def test_settings_are_told_once_as_they_are() -> None:
    changes = [made.event(events.SETTINGS, seq=seq, data={"frozen": False}) for seq in (1, 3)]
    notice = made.event(events.NOTICE, seq=2, name="n", data="d")
    assert told(changes[0], notice, changes[1]) == [(2, "d"), (3, SETTINGS)]


def test_a_mute_is_told_as_it_holds_with_the_seconds_that_are_left() -> None:
    assert told(sanction(1, "bob", "muted", 600)) == [(1, {"action": "muted", "seconds": 60})]
    assert told(sanction(1, "carol", "muted", 600)) == [(1, {"action": "muted", "seconds": None})]


def test_of_a_mute_and_its_end_at_once_one_is_told_whichever_was_logged_last() -> None:
    for records in (("muted", "unmuted"), ("unmuted", "muted")):
        log = [sanction(seq, to, action) for seq, action in enumerate(records) for to in ("bob", "dave")]
        ends = {"action": "unmuted", "seconds": None}
        assert told(*log) == [(1, {"action": "muted", "seconds": 60}), (1, ends)], records


def test_what_is_about_no_mute_stays_as_it_is() -> None:
    others = [sanction(1, "bob", "kicked"), sanction(2, "bob", "kicked"), sanction(3, None, "muted", 5)]
    others.append(sanction(4, "bob", ["muted"]))
    assert told(*others) == [(one.seq, one.data) for one in others if isinstance(one, PlatformEvent)]


def test_properties_are_told_once_as_they_are_and_what_is_gone_is_null() -> None:
    changes = [
        made.event(events.PROPERTIES, seq=1, data={"pinned": {"sku": 0}, "old": 1}),
        made.event(events.PROPERTIES, seq=3, data={"note": None}),
    ]
    notice = made.event(events.NOTICE, seq=2, name="n", data="d")
    present = {"pinned": {"sku": 1}, "old": None, "note": "hi"}
    assert told(changes[0], notice, changes[1]) == [(2, "d"), (3, present)]


def test_the_reason_of_a_mute_is_the_states_and_that_of_its_end_the_records() -> None:
    odds: list[Any] = [5, "", "x" * 201, "a\nb", []]
    muted = {"bob": Standing(mute=Mute(5_000, "too loud")), "dave": Standing()}
    for to, action, reason, expected in (
        ("bob", "muted", "an older one", {"action": "muted", "seconds": 5, "reason": "too loud"}),
        ("bob", "unmuted", "sorry", {"action": "muted", "seconds": 5, "reason": "too loud"}),
        ("dave", "unmuted", "sorry", {"action": "unmuted", "seconds": None, "reason": "sorry"}),
        ("dave", "muted", "too loud", {"action": "unmuted", "seconds": None}),
        *(("dave", "unmuted", odd, {"action": "unmuted", "seconds": None}) for odd in odds),
    ):
        data = {"action": action, "seconds": None, "reason": reason}
        (record,) = up_to_date([made.event(events.SANCTION, to=to, data=data)], RoomNow(online=1, likes=0, users=muted))
        assert isinstance(record, PlatformEvent)
        assert record.data == expected, (to, action, reason)
