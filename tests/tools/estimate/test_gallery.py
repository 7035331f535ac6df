"""What readers in the gallery cost, summed up by hand: every number of a sum is written here, none is read."""

import json
import math
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.tools.wrong_arguments import said
from tools.__main__ import main
from tools.estimate.bill import bill_of
from tools.estimate.bounds import bounds
from tools.estimate.event import Event
from tools.estimate.gallery import Gallery
from tools.estimate.line import Line

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "cost.md"
SHOWS = 20 * 3600  # seconds
MILLION = 1e6

POSTS = Event(
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
)
EVERY_TWO = replace(POSTS, slices=8, posts_per_second=8000, gallery=0.95)
EVERY_ONE = replace(EVERY_TWO, spare_from=50_000)
# In the table of docs/cost.md. Half a million are cheered and joined by more, and say no more.
MANY = replace(POSTS, viewers=500_000, like_rate=2000, join_rate=200)
ROWS = {
    "50,000 on seats": POSTS,
    "50,000, 5 % on seats, a slot of 2 s": EVERY_TWO,
    "50,000, 5 % on seats, a slot of 1 s": EVERY_ONE,
    "500,000 on seats": replace(MANY, posts_per_second=1_200_000),
    "500,000, 5 % on seats": replace(MANY, slices=8, posts_per_second=8000, gallery=0.95),
    "500,000, 5 % on seats, a quota of 60,000": replace(MANY, posts_per_second=52_000, gallery=0.95),
    "500,000, 1 % on seats": replace(MANY, slices=8, posts_per_second=8000, gallery=0.99),
}


def lines(event: Event) -> dict[str, Line]:
    return {line.box: line for line in bill_of(event)}


def total(event: Event) -> float:
    return sum(line.fixed + line.by_use for line in bill_of(event))


def test_50000_viewers_of_whom_5_percent_have_seats() -> None:
    readers, seats = 47_500, 2500
    changes = seats / 600
    live = 50 + 500 + 2 * 50
    ticks = (seats * (1.03 * live / (1 + live * 0.5)) + 50 * 0.05 + changes) / seats
    said_a_second = ticks * 380 + 180 * 50
    # One answer in two seconds, of which gzip leaves three tenths, and its head.
    answers, answer = readers / 2, 2 * said_a_second + 50
    # 500 renewals a second would be one in 95 s; beside these who comes, goes, and takes a seat to speak.
    takes, beats, leaves = 50_000 / 7200 + 50 + changes, readers / 95, readers / 7200 + 50 * 0.95 + changes
    calls = takes + beats + leaves
    # With and without gzip; in 95 of 600 s with two keys.
    asked = 2 * (1 + 95 / 600) / 2
    sent = answers * (answer * 0.3 + 500) + calls * 1200 + takes * 20 * 180
    bill = lines(EVERY_TWO)
    by_hand = {
        "CloudFront: slots": answers * SHOWS / MILLION,
        "CloudFront: calls of places": calls * SHOWS / MILLION,
        # Above 10,240 GB it is 8 cents.
        "CloudFront: transfer": 10_240 * 0.085
        + (sent * SHOWS / 1e9 - 10_240) * 0.08
        + calls * 1500 * SHOWS / 1e9 * 0.02,
        "CloudFront: Origin Shield": 13 * asked * SHOWS / MILLION,
        "HTTP API: slots, places": (asked + calls) * SHOWS / MILLION,
        # Whoever asks for a slot when it is over waits for the next one, in 512 MB.
        "Lambda: slots": asked * SHOWS * (0.20 / MILLION + 1.02 * 0.5 * 0.0000133334),
        "Lambda: places": calls * SHOWS * (0.20 / MILLION + 0.03 * 0.0000133334),
        # 2,500 seats connect again every two hours.
        "API Gateway: connections": seats * 20 * 60 * 0.25 / MILLION,
        "API Gateway: messages": (ticks * seats + 550 + seats / 60 + 50) * SHOWS / MILLION,
    }
    for box, cost in by_hand.items():
        assert (bill[box].fixed, bill[box].by_use) == pytest.approx((0, cost), rel=1e-6), box
    others = {"transfer to viewers", "Lambda", "event pollers", "MSK, 3 × m7g.large", "ElastiCache", "DynamoDB"}
    assert bill.keys() == by_hand.keys() | others | {"IPv6, endpoints", "CloudWatch, X-Ray, secret"}


def test_a_gallery_has_metrics_an_alarm_a_secret_and_a_line_for_each_call() -> None:
    watching = "CloudWatch, X-Ray, secret"
    without = lines(replace(EVERY_TWO, gallery=0))[watching]
    # Seven metrics, two in an alarm, one more secret.
    assert lines(EVERY_TWO)[watching].fixed - without.fixed == pytest.approx(7 * 0.30 + 2 * 0.10 + 0.40)
    # Each call is a line of Lambda's and one of the access log, and a twentieth of them a trace.
    quiet = Event(viewers=1000, hours=10, gallery=0.5)
    gallery, month = Gallery(quiet), 10 * 3600
    logged = (gallery.calls * 1100 + gallery.asked * 1400) * month / 1e9 * 0.50
    traced = (gallery.calls + gallery.asked) * month * 0.05 * 5 / MILLION
    more_batches = lines(quiet)[watching].by_use - lines(Event(viewers=500, hours=10))[watching].by_use
    # Seats are taken by who speaks (500 in 600 s), each with three invocations and two lines of access, and a welcome
    # that counts as a tick of one in 500. One renewal of five is a record for the archive, as each heartbeat is.
    seats = 500 / 600 * month * (3 * 700 + 2 * 400) / 1e9 * 0.50 + 3 * 500 / 600 * month * 0.05 * 5 / MILLION
    seats += month / 600 * (2000 / 1e9 * 0.50 + 0.05 * 5 / MILLION)
    batches = (10 / (1 + 10) - 500 / 60 / (1 + 500 / 60)) * month
    archived = batches * (700 / 1e9 * 0.50 + 0.05 * 5 / MILLION)
    assert more_batches == pytest.approx(logged + traced + seats + archived, rel=1e-6)


def test_without_readers_nothing_of_the_gallery_is_paid() -> None:
    assert not [box for box in lines(POSTS) if box.startswith(("CloudFront", "HTTP API", "Lambda: "))]
    assert not [one for one in bounds(POSTS) if one.what.startswith("CloudFront")]


def test_an_answer_covers_more_where_less_is_said_and_where_many_read() -> None:
    def covered(**changes: object) -> float:
        return Gallery(Event(**{"viewers": 1000, "hours": 1, "gallery": 0.9, **changes})).answer_seconds  # type: ignore[arg-type]

    assert covered() == 5
    # One chat in ten seconds: five slots in a row are silent more often than not.
    often = math.exp(-0.1)
    assert covered(chat_rate=0.1) == pytest.approx(1 + often + often**2 + often**3 + often**4)
    assert covered(chat_rate=50) == pytest.approx(1)
    assert covered(chat_rate=50, viewers=100_000, slices=32, posts_per_second=30_000) == 2
    assert covered(chat_rate=50, spare_from=899) == 2
    assert covered(chat_rate=50, spare_from=900) == pytest.approx(1)


def test_places_of_many_are_renewed_more_rarely() -> None:
    assert Event(viewers=10_000, hours=1, gallery=0.5).beat_seconds == 60
    assert Event(viewers=500_000, hours=1, gallery=0.95).beat_seconds == 950
    assert Event(viewers=500_000, hours=1, gallery=0.95, beats_per_second=5000).beat_seconds == 95
    assert Event(viewers=10_000_000, hours=1, gallery=0.95).beat_seconds == 4095


def test_one_renewal_of_five_is_stored_and_tells_of_five_minutes() -> None:
    readers = Event(viewers=6000, hours=1, gallery=0.95)
    assert readers.credits == pytest.approx(300 / 60 + 5700 / 300)
    assert readers.saved_events == readers.credits
    assert readers.minute_sums == pytest.approx(6 * 24 / 25)
    # Where places are renewed more rarely, each renewal is.
    many = Event(viewers=500_000, hours=1, gallery=0.95)
    assert many.reader_credits == many.beats == 500
    assert many.minute_sums == pytest.approx(17 * many.archive_batches)


def test_programs_are_told_how_many_requests_readers_make(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for share in ("0", "0.5"):
        command = ["estimate", "--viewers", "100", "--hours", "1", "--chat-rate", "0", "--gallery", share, "--json"]
        assert main(command) == 0
        told.append(json.loads(capsys.readouterr().out)["gallery_requests_a_second"])
    # Nothing is said: 50 readers get an answer each five seconds.
    assert told == [0, 10]


def test_somebody_has_a_seat() -> None:
    assert Event(viewers=1, hours=1, gallery=0.999).readers == 0
    assert Event(viewers=2, hours=1, gallery=0.999).seats == 1


def test_all_readers_ask_in_the_same_second() -> None:
    def busiest(event: Event) -> float:
        (found,) = (one for one in bounds(event) if "requests of a distribution" in one.what)
        assert found.limit == 250_000
        return found.used

    # A slot of two seconds halves the requests, and all come at its end still.
    assert busiest(EVERY_TWO) == busiest(EVERY_ONE) == pytest.approx(47_500 + Gallery(EVERY_ONE).calls)


def test_origin_and_places_count_as_requests_of_the_account() -> None:
    (requests,) = (one for one in bounds(EVERY_TWO) if "requests a second" in one.what)
    gallery = Gallery(EVERY_TWO)
    changes = 2500 / 600
    frames = 550 + 2500 / 60
    seats = EVERY_TWO.posts + frames + 2.5 + changes
    assert requests.used == pytest.approx(seats + gallery.calls + gallery.asked)


def test_slots_are_kept_in_the_cache_and_read_from_it() -> None:
    gallery = Gallery(EVERY_TWO)
    said_a_second = EVERY_TWO.ticks * EVERY_TWO.frame_bytes
    assert gallery.kept_bytes == pytest.approx(60 * said_a_second)
    # A place's call is two scripts of 5 units, one that gives it up one. An answer is read at the end of each of its
    # two slots, and each tick written once: a script each, and a unit for a KB.
    reads = 2 * 2 * (1 + 95 / 600) / 2
    scripts = 2 * (gallery.takes + 500) + gallery.leaves + reads + EVERY_TWO.ticks
    moved = reads * (2 * said_a_second + 50) + said_a_second
    assert gallery.ecpu == pytest.approx(scripts * 5 + moved / 1000)


def test_the_document_compares_the_gallery_with_posts() -> None:
    rows = re.findall(
        r"^\| (5\d+,000.+?) \| ([\d,.]+) \| ([\d.]+) \| ([\d.]+|–) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    expected = []
    for what, event in ROWS.items():
        on_seats = ROWS[f"{event.viewers:,} on seats"]
        share = "–" if event is on_seats else f"{_by_use(event) / _by_use(on_seats):.2f}"
        expected.append((what, f"{total(event):,.2f}", f"{total(event) / total(on_seats):.2f}", share))
    assert rows == [(what, cost, "1" if share == "–" else ratio, share) for what, cost, ratio, share in expected]


def _by_use(event: Event) -> float:
    return sum(line.by_use for line in bill_of(event))


def test_a_share_that_cannot_be_meant_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for share in ("95", "1", "-0.1", "95%", "nan", ""):
        wrong = ["--viewers", "5", "--hours", "1", f"--gallery={share}"]
        line = said(capsys, partial(main, ["estimate", *wrong]), wrong)
        assert line == f"python -m tools estimate: --gallery: {share!r} is not a number from 0 to 0.999\n", share
