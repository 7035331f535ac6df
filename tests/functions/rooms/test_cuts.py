from functions.rooms.cuts import ENDED, FLOOD_BAN_MS, Cut, Ended
from functions.rooms.seats import Seat


def test_a_cut_is_read_as_it_was_packed() -> None:
    for reason, seat in (("flooding", Seat("c=", "classic", "a:b")), ("replaced", Seat("c", "live.v1", "é"))):
        cut = Cut("flooding" if reason == "flooding" else "replaced", seat, 7)
        assert Cut.unpack(cut.pack(), 7) == cut


def test_ended_connections_are_remembered_for_a_while_and_not_without_end() -> None:
    ended = Ended()
    for number in range(ENDED + 1):
        ended.add(f"c{number}", 1_000)
    assert not ended.has("c0", 1_000)
    assert ended.has("c1", 1_000 + FLOOD_BAN_MS - 1)
    assert not ended.has("c1", 1_000 + FLOOD_BAN_MS)
    assert not ended.has("other", 1_000)


def test_whoever_is_cut_off_is_told_for_how_long_and_why() -> None:
    seat = Seat("c", "live.v1", "alice")
    for reason, told in (
        ("flooding", {"action": "banned", "seconds": 60, "reason": "flooding"}),
        ("replaced", {"action": "kicked", "seconds": None, "reason": "replaced"}),
        ("kicked", {"action": "kicked", "seconds": None}),
        ("banned - ", {"action": "banned", "seconds": None}),
        ("banned 60 ", {"action": "banned", "seconds": 60}),
        ("banned 60 60 links - why?", {"action": "banned", "seconds": 60, "reason": "60 links - why?"}),
    ):
        assert Cut(reason, seat, 7).to_object() == {"messageType": 11, **told}, reason
