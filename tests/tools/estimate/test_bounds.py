import pytest

from tools.estimate.bounds import Bound, bounds
from tools.estimate.event import Event


def bound(event: Event, what: str) -> Bound:
    (found,) = (one for one in bounds(event) if what in one.what)
    return found


def test_requests_are_posts_frames_and_handshakes() -> None:
    event = Event(viewers=1000, hours=1, chat_rate=50, like_rate=200, join_rate=20)
    # 2,065.89 POSTs, 266.67 frames, 20 handshakes.
    assert bound(event, "requests a second").used == pytest.approx(2352.56, rel=1e-5)


def test_new_connections_are_those_of_the_beginning_and_of_who_joins() -> None:
    event = Event(viewers=60_000, hours=1, join_rate=20, arrive_seconds=120)
    assert bound(event, "new connections") == Bound("API Gateway: new connections a second", 520, 500, raisable=True)


def test_a_large_room_meets_the_rate_of_posts_first() -> None:
    event = Event(viewers=50_000, hours=1, chat_rate=20, slices=32, posts_per_second=200_000)
    first = bounds(event)[0]
    assert "requests a second" in first.what
    assert first.share > 1


def test_relays_that_are_too_few_are_found() -> None:
    few = Event(viewers=20_000, hours=1, chat_rate=20, slices=1, posts_per_second=200_000)
    many = Event(viewers=20_000, hours=1, chat_rate=20, slices=16, posts_per_second=200_000)
    # A relay that posts to 20,000 for 4 s makes a tick in 4 s.
    assert bound(few, "own speed").share == pytest.approx(1, rel=0.1)
    assert bound(many, "own speed").share < 0.6


def test_a_budget_makes_larger_ticks_and_no_more_posts() -> None:
    event = Event(viewers=50_000, hours=1, chat_rate=50, slices=8)
    assert event.posts == 8000
    # One tick in 6.25 s with 312 chats is more than a frame.
    assert event.frame_bytes_wanted == pytest.approx(380 + 180 * 50 * 6.25)
    assert event.frame_bytes == 32_768
    assert event.relay_busy == 8


def test_one_room_is_one_partition_of_the_table() -> None:
    event = Event(viewers=10, hours=1, chat_rate=900, join_rate=60)
    found = bound(event, "DynamoDB")
    # 900 chats, 60 joins and leaves, and two minutes for each of 0.999 batches.
    assert found.used == pytest.approx(1022, abs=0.01)
    assert found.limit == 1000


def test_the_nearest_limit_comes_first() -> None:
    shares = [one.share for one in bounds(Event(viewers=300, hours=2, kafka="serverless"))]
    assert shares == sorted(shares, reverse=True)
