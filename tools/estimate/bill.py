"""The bill of a month, box by box."""

import math

from functions.manifest import PARTITIONS
from functions.runtime.metrics import (
    GALLERY_REFUSED,
    GALLERY_REQUESTS,
    METRICS,
    PLACES,
    PLACES_SWEPT,
    REVIEW_LATENCY,
    REVIEWS_ASKED,
    REVIEWS_CHANGED,
    REVIEWS_DENIED,
    REVIEWS_FAILED,
    ROOMS_READ,
    SLOT_GAPS,
    SLOTS_LATE,
)
from tools.estimate.event import Event
from tools.estimate.figures import ASSUMED, price
from tools.estimate.gallery import GIGABYTE, Gallery, calls_of, lines_of
from tools.estimate.line import Line, invoked

HOURS = 730  # a month
# Of dev and of prod in cdk.json.
BROKERS = {"t3.small": 2, "m7g.large": 3}
ZONES = 2
# Of Lambda and STS, which event source mappings in on-demand mode call: infra/network.py.
ENDPOINTS = 2
TOPICS = 2
SWEEPS = HOURS * 60
# A mapping hands records to its function in Base64.
BASE64 = 4 / 3
LEAST_CACHE_GB = 0.1
# As in infra/mappings.py: all mappings share the units, which hold ten pollers each.
POLLERS_A_RELAY = 3
POLLERS_A_UNIT = 10
# Metrics that alarms read: of the stage, of each broker and slice, and of a relay that gives up. A test counts them.
ALARM_METRICS = 39
ALARM_METRICS_A_BROKER = 2
ALARM_METRICS_A_SLICE = 3
ALARM_METRICS_LOW_LATENCY = 1
ALARM_METRICS_REVIEW = 2
ALARM_METRICS_GALLERY = 2
# CloudWatch bills what is emitted: these are where there is a gallery, or chats are reviewed.
GALLERY_METRICS = (PLACES, ROOMS_READ, PLACES_SWEPT, GALLERY_REQUESTS, GALLERY_REFUSED, SLOTS_LATE, SLOT_GAPS)
REVIEW_METRICS = (REVIEWS_ASKED, REVIEWS_DENIED, REVIEWS_CHANGED, REVIEWS_FAILED, REVIEW_LATENCY)


def bill_of(event: Event) -> list[Line]:
    """Every box, in the order in which an event passes them."""
    minutes = event.seats * event.hours * 60
    gigabytes = event.posts * event.frame_bytes * event.seconds / GIGABYTE
    return [
        Line("API Gateway: messages", 0, price("websocket_message", event.messages * event.seconds)),
        Line("API Gateway: connections", 0, price("websocket_minute", minutes)),
        Line("transfer to viewers", 0, price("transfer_gb", gigabytes)),
        _functions(event),
        *([_review(event)] if event.review else []),
        *lines_of(event),
        _mappings(event),
        _kafka(event),
        _cache(event),
        _table(event),
        _network(event),
        _watching(event),
    ]


def _calls(event: Event) -> dict[str, tuple[float, float]]:
    """Invocations of a month, and the seconds they take together, by function."""
    seconds, arrivals, frames = event.seconds, event.arrivals, event.frames_in * event.seconds
    batches, reviews = event.archive_batches * seconds, event.reviews * seconds
    records = event.saved_events * seconds
    stored = batches * ASSUMED["archive_seconds_a_batch"] + records * ASSUMED["archive_seconds_a_record"]
    return {
        "authorize": (arrivals, arrivals * ASSUMED["authorize_seconds"]),
        "connect": (arrivals, arrivals * ASSUMED["connect_seconds"]),
        "message": (frames, frames * ASSUMED["message_seconds"] + reviews * ASSUMED["review_wait_seconds"]),
        "disconnect": (arrivals, arrivals * ASSUMED["disconnect_seconds"]),
        "relay": (event.ticks * event.slices * seconds, event.relay_busy * seconds),
        "archive": (batches, stored),
    }


def _functions(event: Event) -> Line:
    cost = sum(invoked(name, *called) for name, called in _calls(event).items())
    return Line("Lambda", invoked("sweep", SWEEPS, SWEEPS * ASSUMED["sweep_seconds"]), cost)


def _review(event: Event) -> Line:
    """The platform's own function. What else it uses is not known."""
    reviews = event.reviews * event.seconds
    running = reviews * ASSUMED["review_seconds"] * ASSUMED["review_memory_gb"]
    return Line("Lambda: your review", 0, price("lambda_request", reviews) + price("lambda_gb_second", running))


def _mappings(event: Event) -> Line:
    pollers = POLLERS_A_RELAY * event.slices * event.low_latency + (event.archive == "provisioned")
    units = math.ceil(pollers / POLLERS_A_UNIT)
    return Line("event pollers", price("poller_hour", units * HOURS), 0)


def _kafka(event: Event) -> Line:
    kind = event.kafka
    if kind == "existing":
        return Line("MSK (yours)", 0, 0)
    if kind == "serverless":
        return Line("MSK Serverless", *_serverless(event))
    number = BROKERS[kind]
    volumes = number * (10 if kind == "t3.small" else ASSUMED["broker_volume_gb"])
    brokers = price(f"kafka.{kind}_hour", number * HOURS)
    return Line(f"MSK, {number} × {kind}", brokers + price("broker_gb_month", volumes), 0)


def _serverless(event: Event) -> tuple[float, float]:
    partitions = TOPICS * PARTITIONS * HOURS
    fixed = price("msk_serverless_hour", HOURS) + price("msk_serverless_partition_hour", partitions)
    gigabyte = ASSUMED["record_bytes"] * event.seconds / GIGABYTE
    written = (event.live_events + event.saved_events) * gigabyte
    read = (event.live_events * event.slices + event.saved_events) * gigabyte
    return fixed, price("msk_serverless_gb_in", written) + price("msk_serverless_gb_out", read)


def _cache(event: Event) -> Line:
    slots, ecpu = (Gallery(event).kept_bytes, Gallery(event).ecpu) if event.readers else (0.0, 0.0)
    gigabytes = (event.viewers * ASSUMED["seat_bytes"] + slots) / GIGABYTE
    more = max(0.0, gigabytes - LEAST_CACHE_GB) * event.hours
    work = price("cache_ecpu", (event.ecpu + ecpu) * event.seconds)
    fixed = price("cache_gb_hour", LEAST_CACHE_GB * HOURS)
    return Line("ElastiCache", fixed, price("cache_gb_hour", more) + work)


def _table(event: Event) -> Line:
    kept = (event.chat_rate + 2 * event.join_rate) * event.seconds
    gigabytes = kept * ASSUMED["item_bytes"] / GIGABYTE
    stored = price("table_gb_month", gigabytes) + price("table_recovery_gb_month", gigabytes)
    written, read = event.writes * event.seconds, event.reads * event.seconds
    return Line("DynamoDB", 0, price("table_write", written) + price("table_read", read) + stored)


def _network(event: Event) -> Line:
    """Each NAT gateway has a public address. Without NAT, mappings in on-demand mode take endpoints in two zones."""
    polled = event.polled_records * ASSUMED["record_bytes"] * BASE64 * event.seconds / GIGABYTE
    if not event.nat:
        endpoints = ENDPOINTS * ZONES * HOURS if event.has_on_demand_mappings else 0
        name = "IPv6, endpoints" if endpoints else "IPv6, no NAT"
        return Line(name, price("endpoint_hour", endpoints), price("endpoint_gb", polled))
    posted = event.posts * (event.frame_bytes + ASSUMED["post_overhead_bytes"]) * event.seconds / GIGABYTE
    fixed = price("nat_hour", event.nat * HOURS) + price("public_ipv4_hour", event.nat * HOURS)
    return Line(f"NAT × {event.nat}", fixed, price("nat_gb", posted + polled))


def _watching(event: Event) -> Line:
    with_gallery = event.readers > 0
    left_out = (() if with_gallery else GALLERY_METRICS) + (() if event.review else REVIEW_METRICS)
    emitted = [one for one in METRICS if one not in left_out]
    sliced = sum(one.per_slice for one in emitted)
    metrics = len(emitted) - sliced + sliced * event.slices
    alarms = ALARM_METRICS + ALARM_METRICS_A_SLICE * event.slices + ALARM_METRICS_REVIEW * event.review
    alarms += ALARM_METRICS_A_BROKER * BROKERS.get(event.kafka, 0)
    alarms += ALARM_METRICS_LOW_LATENCY * event.low_latency + ALARM_METRICS_GALLERY * with_gallery
    fixed = price("metric_month", metrics) + price("alarm_metric_month", alarms)
    fixed += price("dashboard_month", 1) + price("secret_month", 1 + with_gallery)
    logged, calls = _logged(event)
    return Line(
        "CloudWatch, X-Ray, secret",
        fixed,
        price("log_gb", logged / GIGABYTE) + price("trace", ASSUMED["traced_share"] * calls),
    )


def _logged(event: Event) -> tuple[float, float]:
    """Bytes of logs of a month, and invocations."""
    calls = {name: number for name, (number, _) in (_calls(event) | calls_of(event)).items()}
    every, slots = sum(calls.values()), calls.get("gallery", 0)
    accesses = calls["message"] + 2 * event.arrivals + slots + calls.get("api", 0)
    logged = every * ASSUMED["log_bytes_a_call"] + calls["relay"] * ASSUMED["log_bytes_a_tick"]
    logged += accesses * ASSUMED["log_bytes_an_access"] + slots * ASSUMED["log_bytes_a_slot"]
    return logged + event.reviews * event.seconds * ASSUMED["log_bytes_a_review"], every
