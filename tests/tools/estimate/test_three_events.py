"""The three events of docs/cost.md, summed up by hand: every number of a sum is written here, none is read."""

from collections.abc import Mapping

import pytest

from tools.estimate.bill import bill_of
from tools.estimate.event import Event

MONTH = 730  # hours
SHOWS = 20 * 3600  # seconds
MILLION = 1e6

Sums = Mapping[str, tuple[float, float]]


def check(event: Event, sums: Sums) -> None:
    bill = {line.box: (line.fixed, line.by_use) for line in bill_of(event)}
    assert bill.keys() == sums.keys()
    for box, by_hand in sums.items():
        assert bill[box] == pytest.approx(by_hand, rel=1e-6), box


def lambda_(calls: float, seconds: float, gigabytes: float) -> float:
    return calls * 0.20 / MILLION + seconds * gigabytes * 0.0000133334


# The sweep runs each minute of the month, 0.2 s with 512 MB.
SWEEP = lambda_(730 * 60, 730 * 60 * 0.2, 0.5)


def test_50_viewers_on_the_smallest_sizes() -> None:
    heartbeats = 50 / 60
    live = 1 + 2 + 2 * 0.05
    saved = live + heartbeats
    # Windows of half a second, each begun by an event; and a welcome for each who joins.
    posts = 50 * (1.03 * live / (1 + live * 0.5)) + 0.05
    frame = 380 + 180 * 1 / (posts / 50)
    frames = 1 + 2 + heartbeats
    batches = saved / (1 + saved)
    arrivals = 50 * 20 / 2 + 0.05 * SHOWS
    ticks = posts / 50
    relay_seconds = posts / 5000 + ticks * 0.03
    credits_ = heartbeats + 0.05
    kept = (1 + 2 * 0.05) * SHOWS * 400 / 1e9
    calls = 3 * arrivals + (frames + ticks + batches) * SHOWS
    logged = calls * 700 + ticks * SHOWS * 1300 + (frames * SHOWS + 2 * arrivals) * 400
    check(
        Event(viewers=50, hours=20, chat_rate=1, like_rate=2, join_rate=0.05),
        {
            "API Gateway: messages": (0, (posts + frames + 1) * SHOWS * 1.00 / MILLION),
            "API Gateway: connections": (0, 50 * 20 * 60 * 0.25 / MILLION),
            "transfer to viewers": (0, 0),  # 2.4 GB of 100 that are free
            "Lambda": (
                SWEEP,
                lambda_(arrivals, arrivals * 0.005, 0.5)
                + lambda_(arrivals, arrivals * 0.03, 1)
                + lambda_(arrivals, arrivals * 0.03, 0.5)
                + lambda_(frames * SHOWS, frames * SHOWS * 0.02, 1)
                + lambda_(ticks * SHOWS, relay_seconds * SHOWS, 1769 / 1024)
                + lambda_(batches * SHOWS, (batches * 0.05 + saved * 0.0002) * SHOWS, 1769 / 1024),
            ),
            "event pollers": (0, 0),
            "MSK, 2 × t3.small": (2 * 0.0456 * MONTH + 2 * 10 * 0.10, 0),
            "ElastiCache": (
                0.1 * 0.084 * MONTH,
                ((frames + 2 * 0.05) * 5 + 50 * ticks * 0.05) * SHOWS * 0.0023 / MILLION,
            ),
            "DynamoDB": (
                0,
                # Chats, joins, leaves, their index; the sums of users, buckets and minutes, which are read before.
                (2 + 5 * 0.05 + 3 * credits_ + 1 + 0.05 + (credits_ + 1) + 2 * batches) * SHOWS * 0.625 / MILLION
                + (2 * (credits_ + 0.05 + 1) + 2 * batches) * SHOWS * 0.125 / MILLION
                + kept * (0.25 + 0.20),
            ),
            "NAT × 1": (
                (0.045 + 0.005) * MONTH,
                (posts * (frame + 1500) + (live + saved) * 500 * 4 / 3) * SHOWS / 1e9 * 0.045,
            ),
            "CloudWatch, X-Ray, secret": (
                41 * 0.30 + 46 * 0.10 + 3 + 0.40,
                logged / 1e9 * 0.50 + calls * 0.05 * 5 / MILLION,
            ),
        },
    )


def test_5000_viewers_on_sizes_of_prod() -> None:
    heartbeats = 5000 / 60
    live = 20 + 100 + 2 * 10
    saved = live + heartbeats
    # Relays without a window want 20,038 and keep to their budget.
    posts = 8000
    ticks = posts / 5000
    frame = 380 + 180 * 20 / ticks
    frames = 20 + 100 + heartbeats
    batches = saved / (1 + saved)
    arrivals = 5000 * 20 / 2 + 10 * SHOWS
    credits_ = heartbeats + 10
    kept = (20 + 2 * 10) * SHOWS * 400 / 1e9
    calls = 3 * arrivals + (frames + ticks * 4 + batches) * SHOWS
    logged = calls * 700 + ticks * 4 * SHOWS * 1300 + (frames * SHOWS + 2 * arrivals) * 400
    check(
        Event(
            viewers=5000,
            hours=20,
            chat_rate=20,
            like_rate=100,
            join_rate=10,
            slices=4,
            kafka="m7g.large",
            nat=2,
            archive="provisioned",
            low_latency=True,
        ),
        {
            "API Gateway: messages": (0, (posts + frames + 20) * SHOWS * 1.00 / MILLION),
            "API Gateway: connections": (0, 5000 * 20 * 60 * 0.25 / MILLION),
            "transfer to viewers": (0, (posts * frame * SHOWS / 1e9 - 100) * 0.09),
            "Lambda": (
                SWEEP,
                lambda_(arrivals, arrivals * 0.005, 0.5)
                + lambda_(arrivals, arrivals * 0.03, 1)
                + lambda_(arrivals, arrivals * 0.03, 0.5)
                + lambda_(frames * SHOWS, frames * SHOWS * 0.02, 1)
                # At their budget all four relays run all the time.
                + lambda_(ticks * 4 * SHOWS, 4 * SHOWS, 1769 / 1024)
                + lambda_(batches * SHOWS, (batches * 0.05 + saved * 0.0002) * SHOWS, 1769 / 1024),
            ),
            # Four relays with three pollers and the archive with one: two units of ten.
            "event pollers": (2 * 0.185 * MONTH, 0),
            "MSK, 3 × m7g.large": (3 * 0.204 * MONTH + 3 * 100 * 0.10, 0),
            "ElastiCache": (
                0.1 * 0.084 * MONTH,
                ((frames + 2 * 10) * 5 + 5000 * ticks * 0.05) * SHOWS * 0.0023 / MILLION,
            ),
            "DynamoDB": (
                0,
                # 32 buckets a batch, of which there is one a second at most.
                (20 + 3 * 10 + 20 + 2 * 10 + 3 * credits_ + 20 + 10 + 34 * batches) * SHOWS * 0.625 / MILLION
                + (credits_ + 10 + 20 + 34 * batches) * SHOWS * 0.125 / MILLION
                + kept * (0.25 + 0.20),
            ),
            # Provisioned pollers reach Lambda without the VPC.
            "NAT × 2": (2 * (0.045 + 0.005) * MONTH, posts * (frame + 1500) * SHOWS / 1e9 * 0.045),
            "CloudWatch, X-Ray, secret": (
                (35 + 6 * 4) * 0.30 + (45 + 3 * 4 + 1) * 0.10 + 3 + 0.40,
                logged / 1e9 * 0.50 + calls * 0.05 * 5 / MILLION,
            ),
        },
    )


def test_50000_viewers_without_nat() -> None:
    heartbeats = 50_000 / 60
    live = 50 + 500 + 2 * 50
    saved = live + heartbeats
    # Posting to a slice's 1,562 seats takes 0.3125 s, less than a window.
    posts = 50_000 * (1.03 * live / (1 + live * 0.5)) + 50
    ticks = posts / 50_000
    frame = 380 + 180 * 50 / ticks
    frames = 50 + 500 + heartbeats
    batches = saved / (1 + saved)
    arrivals = 50_000 * 20 / 2 + 50 * SHOWS
    credits_ = heartbeats + 50
    kept = (50 + 2 * 50) * SHOWS * 400 / 1e9
    calls = 3 * arrivals + (frames + ticks * 32 + batches) * SHOWS
    logged = calls * 700 + ticks * 32 * SHOWS * 1300 + (frames * SHOWS + 2 * arrivals) * 400
    messages, sent = (posts + frames + 50) * SHOWS, posts * frame * SHOWS / 1e9
    check(
        Event(
            viewers=50_000,
            hours=20,
            chat_rate=50,
            like_rate=500,
            join_rate=50,
            slices=32,
            posts_per_second=110_000,
            kafka="m7g.large",
            nat=0,
            archive="provisioned",
        ),
        {
            "API Gateway: messages": (0, 1000 + (messages / MILLION - 1000) * 0.80),
            "API Gateway: connections": (0, 50_000 * 20 * 60 * 0.25 / MILLION),
            # 100 GB are free, up to 10,340 cost 9 cents, the rest 8.5.
            "transfer to viewers": (0, 10_240 * 0.09 + (sent - 10_340) * 0.085),
            "Lambda": (
                SWEEP,
                lambda_(arrivals, arrivals * 0.005, 0.5)
                + lambda_(arrivals, arrivals * 0.03, 1)
                + lambda_(arrivals, arrivals * 0.03, 0.5)
                + lambda_(frames * SHOWS, frames * SHOWS * 0.02, 1)
                + lambda_(ticks * 32 * SHOWS, (posts / 5000 + ticks * 32 * 0.03) * SHOWS, 1769 / 1024)
                + lambda_(batches * SHOWS, (batches * 0.05 + saved * 0.0002) * SHOWS, 1769 / 1024),
            ),
            "event pollers": (0.185 * MONTH, 0),
            "MSK, 3 × m7g.large": (3 * 0.204 * MONTH + 3 * 100 * 0.10, 0),
            "ElastiCache": (
                0.1 * 0.084 * MONTH,
                ((frames + 2 * 50) * 5 + 50_000 * ticks * 0.05) * SHOWS * 0.0023 / MILLION,
            ),
            "DynamoDB": (
                0,
                (50 + 3 * 50 + 50 + 2 * 50 + 3 * credits_ + 50 + 50 + 34 * batches) * SHOWS * 0.625 / MILLION
                + (credits_ + 50 + 50 + 34 * batches) * SHOWS * 0.125 / MILLION
                + kept * (0.25 + 0.20),
            ),
            # Lambda's and STS's endpoints in two zones; 32 relays are handed each record in Base64.
            "IPv6, endpoints": (2 * 2 * 0.01 * MONTH, live * 32 * 500 * 4 / 3 * SHOWS / 1e9 * 0.01),
            "CloudWatch, X-Ray, secret": (
                (35 + 6 * 32) * 0.30 + (45 + 3 * 32) * 0.10 + 3 + 0.40,
                logged / 1e9 * 0.50 + calls * 0.05 * 5 / MILLION,
            ),
        },
    )
