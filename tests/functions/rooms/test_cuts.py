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
