from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.seats import BUCKETS, Seat, bucket_of, buckets_of_slice
from tests.functions.rooms.refusals import not_refused

user_ids = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=64)


@given(user_ids, st.sampled_from(["live.v1", "classic"]))
def test_a_packed_seat_can_be_unpacked(user_id: str, framing: str) -> None:
    seat = Seat("L0SM9cOFvHcCIhw=", "live.v1" if framing == "live.v1" else "classic", user_id)
    assert Seat.unpack(seat.pack()) == seat


def test_a_bucket_never_changes_since_seats_are_stored_by_it() -> None:
    assert [bucket_of(text) for text in ("L0SM9cOFvHcCIhw=", "alice", "")] == [2, 7, 0]


@given(st.integers(1, BUCKETS))
def test_slices_share_all_buckets_and_none_twice(slices: int) -> None:
    shares = [buckets_of_slice(slice_, slices) for slice_ in range(slices)]
    assert sorted(bucket for share in shares for bucket in share) == list(range(BUCKETS))


def test_a_slice_that_cannot_be_is_refused() -> None:
    wrong = [(0, 0), (1, 1), (-1, 2), (0, BUCKETS + 1)]
    assert not_refused(lambda pair: buckets_of_slice(*pair), wrong, ValueError, "slices, numbered from 0") == []
