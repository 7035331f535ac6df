"""Bills worked out by hand from the price list."""

import pytest

from tools.estimate.bill import bill_of
from tools.estimate.event import Event
from tools.estimate.figures import price
from tools.estimate.line import Line


def lines(event: Event) -> dict[str, Line]:
    return {line.box: line for line in bill_of(event)}


def total(line: Line) -> float:
    return line.fixed + line.by_use


def test_a_room_of_100_that_says_nothing_for_ten_hours() -> None:
    bill = lines(Event(viewers=100, hours=10))
    # A heartbeat a minute each: 100 x 600 = 60,000 messages of $1 a million, and as many connection minutes of $0.25.
    assert bill["API Gateway: messages"].by_use == pytest.approx(0.06)
    assert bill["API Gateway: connections"].by_use == pytest.approx(0.015)
    assert bill["transfer to viewers"].by_use == 0
    # 500 handshakes: 500 x (0.005 x 0.5 + 0.03 x 1 + 0.03 x 0.5 GB) = 23.75 GB-s; 60,000 heartbeats x 0.02 x 1 = 1,200.
    # The archive: 1.667 records a second make 0.625 batches, 22,500 x 0.05 + 60,000 x 0.0002 = 1,137 s x 1.7275 GB.
    # 3,187.96 GB-s x 0.0000133334 + 84,000 requests x 0.0000002.
    assert bill["Lambda"].by_use == pytest.approx(0.0425064 + 0.0168, rel=1e-4)
    # 1.667 credits a second: the user's sum with its index 3, the bucket's 1. Two minutes for each of 0.625 batches:
    # 7.917 x 36,000 = 285,000 writes of $0.625 a million. They are read before: 4.583 x 36,000 = 165,000 reads of
    # $0.125 a million.
    assert bill["DynamoDB"].by_use == pytest.approx(0.178125 + 0.020625)
    # ($0.045 and an address of $0.005) x 730; 60,000 records x 500 bytes x 4/3 = 0.04 GB x $0.045 go to Lambda.
    assert bill["NAT × 1"].fixed == pytest.approx(36.5)
    assert bill["NAT × 1"].by_use == pytest.approx(0.0018)
    # $0.0456 x 2 x 730 + 2 x 10 GB x $0.10, 0.1 GB x $0.084 x 730.
    assert total(bill["MSK, 2 × t3.small"]) == pytest.approx(68.576)
    assert bill["ElastiCache"].fixed == pytest.approx(6.132)
    assert bill["event pollers"] == Line("event pollers", 0, 0)


def test_an_hour_of_the_reference_room() -> None:
    event = Event(viewers=1000, hours=1, chat_rate=50, like_rate=200, join_rate=20)
    # 50 + 200 + 2 x 20 = 290 events a second in windows of 0.5 s: 290 / 146 x 1.03 = 2.0459 ticks; 20 welcomes.
    assert event.ticks_wanted == pytest.approx(2.04589, rel=1e-5)
    assert event.posts == pytest.approx(2065.89, rel=1e-5)
    # What was measured: 2.07 POSTs and 9,778 bytes a viewer and second.
    assert event.ticks == pytest.approx(2.07, rel=0.01)
    assert event.ticks * event.frame_bytes == pytest.approx(9778, rel=0.01)
    bill = lines(event)
    # 2,065.89 POSTs, 266.67 frames in, 50 answers: 2,382.56 x 3,600 = 8,577,204 messages.
    assert bill["API Gateway: messages"].by_use == pytest.approx(8.5772, rel=1e-4)
    # 9,785 bytes a viewer and second: 35.2 GB, of which 100 are free.
    assert bill["transfer to viewers"].by_use == 0
    # With 1,500 bytes more a POST: (9,785 + 2.0659 x 1,500) x 3.6 = 46.38 GB x $0.045. Mappings: 290 + 306.67 records
    # of 500 bytes in Base64, 1.432 GB.
    assert bill["NAT × 1"].by_use == pytest.approx(2.087 + 0.0644, rel=1e-3)


def test_reviews_are_invocations_of_their_own_and_make_the_others_wait() -> None:
    plain = lines(Event(viewers=100, hours=10, chat_rate=10))
    bill = lines(Event(viewers=100, hours=10, chat_rate=10, review=True))
    # 360,000 chats of 0.02 s x 0.125 GB = 900 GB-s x 0.0000133334, and 360,000 requests x 0.0000002.
    assert bill["Lambda: your review"].by_use == pytest.approx(0.012 + 0.072, rel=1e-4)
    # The function message waits 0.03 s with 1 GB: 10,800 GB-s.
    assert bill["Lambda"].by_use - plain["Lambda"].by_use == pytest.approx(0.144, rel=1e-3)
    # Five metrics and two in an alarm at $0.30 and $0.10.
    watching = "CloudWatch, X-Ray, secret"
    assert bill[watching].fixed - plain[watching].fixed == pytest.approx(1.7)
    assert bill.keys() - plain.keys() == {"Lambda: your review"}


def test_tiers_are_paid_one_after_another() -> None:
    # The first 1,000 million at $1, the next at $0.80.
    assert price("websocket_message", 1.5e9) == pytest.approx(1000 + 400)
    assert price("transfer_gb", 100) == 0
    assert price("transfer_gb", 10_340) == pytest.approx(10_240 * 0.09)


def test_pollers_are_paid_by_the_ten() -> None:
    def pollers(event: Event) -> float:
        return lines(event)["event pollers"].fixed

    alone = Event(viewers=1, hours=1, archive="provisioned")
    assert pollers(alone) == pytest.approx(0.185 * 730)
    # Four relays have 12, the archive one.
    both = Event(viewers=1, hours=1, archive="provisioned", low_latency=True, slices=4)
    assert pollers(both) == pytest.approx(2 * 0.185 * 730)


def test_serverless_kafka_is_paid_by_the_hour_the_partition_and_the_gigabyte() -> None:
    line = lines(Event(viewers=1, hours=1, kafka="serverless"))["MSK Serverless"]
    assert line.fixed == pytest.approx((0.75 + 24 * 0.0015) * 730)
    # 60 heartbeats of 500 bytes, written and read once.
    assert line.by_use == pytest.approx(30_000 / 1e9 * 0.15)


def test_an_existing_cluster_and_ipv6_cost_nothing_here() -> None:
    bill = lines(Event(viewers=1, hours=1, kafka="existing", nat=0, low_latency=True, archive="provisioned"))
    assert total(bill["MSK (yours)"]) == total(bill["IPv6, no NAT"]) == 0


def test_ipv6_saves_little_while_mappings_are_on_demand() -> None:
    def network(**changes: object) -> Line:
        event = Event(**{"viewers": 1, "hours": 1, "nat": 0, **changes})  # type: ignore[arg-type]
        return next(line for box, line in lines(event).items() if box.startswith(("IPv6", "NAT")))

    # Lambda's and STS's endpoint in two zones of $0.01 an hour, in place of a gateway and its address.
    assert network().fixed == pytest.approx(2 * 2 * 0.01 * 730)
    assert network(nat=1).fixed - network().fixed == pytest.approx(7.30)
    assert network(low_latency=True).fixed == network(archive="provisioned").fixed == network().fixed
    assert network(low_latency=True, archive="provisioned") == Line("IPv6, no NAT", 0, 0)


def test_more_hours_cost_more_by_use_and_no_more_beside() -> None:
    def month(hours: float) -> tuple[float, float]:
        every = lines(Event(viewers=500, hours=hours, chat_rate=5, join_rate=1)).values()
        return sum(line.fixed for line in every), sum(line.by_use for line in every)

    (fixed, once), (still, twice) = month(10), month(20)
    assert fixed == still
    assert twice == pytest.approx(2 * once, rel=0.1)
