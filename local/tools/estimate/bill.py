"""The bill of a month, box by box."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from functions.manifest import FUNCTIONS, PARTITIONS
from functions.metrics import METRICS
from local.tools.estimate.event import Load

HOURS = 730  # a month
BROKERS = 2
TOPICS = 2
SWEEPS = HOURS * 60
GIGABYTE = 1e9
LEAST_CACHE_GB = 0.1
# As infra/mappings.py has them: all mappings share the units, which hold ten pollers each.
POLLERS_A_RELAY = 3
POLLERS_A_UNIT = 10
# What the alarms of infra/alarms.py look at, those of each slice, and what one looks at where relays give up; a test
# counts.
ALARM_METRICS = 40
ALARM_METRICS_A_SLICE = 3
ALARM_METRICS_LOW_LATENCY = 1


@dataclass(frozen=True)
class Line:
    """A box: what it costs a month whether there is an event or not, and what the events cost."""

    box: str
    fixed: float
    by_use: float

    @property
    def total(self) -> float:
        """Both."""
        return self.fixed + self.by_use


class Bill:
    """What a load costs, all of its hours and the month around them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._event = load.event
        self._price = load.figures.price
        self._assumed = load.figures.assumed

    def lines(self) -> list[Line]:
        """Every box, in the order of an event's way."""
        return [
            self._gateway(),
            self._minutes(),
            self._transfer(),
            self._functions(),
            self._mappings(),
            self._kafka(),
            self._cache(),
            self._table(),
            self._network(),
            self._watching(),
        ]

    def _gateway(self) -> Line:
        messages = self._load.messages * self._event.seconds
        return Line("API Gateway: messages", 0, self._price("websocket_message", messages))

    def _minutes(self) -> Line:
        minutes = self._event.viewers * self._event.hours * 60
        return Line("API Gateway: connections", 0, self._price("websocket_minute", minutes))

    def _transfer(self) -> Line:
        gigabytes = self._load.posts * self._load.frame_bytes * self._event.seconds / GIGABYTE
        return Line("transfer to viewers", 0, self._price("transfer_gb", gigabytes))

    def calls(self) -> dict[str, tuple[float, float]]:
        """Invocations of a month, and the seconds they take together, by function."""
        load, seconds, assumed = self._load, self._event.seconds, self._assumed
        arrivals, frames = self._event.arrivals, load.frames_in * self._event.seconds
        batches = load.archive_batches * seconds
        records = load.saved_events * seconds
        stored = batches * assumed["archive_seconds_a_batch"] + records * assumed["archive_seconds_a_record"]
        return {
            "authorize": (arrivals, arrivals * assumed["authorize_seconds"]),
            "connect": (arrivals, arrivals * assumed["connect_seconds"]),
            "message": (frames, frames * assumed["message_seconds"]),
            "disconnect": (arrivals, arrivals * assumed["disconnect_seconds"]),
            "relay": (load.ticks * self._event.slices * seconds, load.relay_busy * seconds),
            "archive": (batches, stored),
        }

    def _functions(self) -> Line:
        cost = sum(self._invoked(name, *called) for name, called in self.calls().items())
        return Line("Lambda", self._invoked("sweep", SWEEPS, SWEEPS * self._assumed["sweep_seconds"]), cost)

    def _invoked(self, name: str, calls: float, seconds: float) -> float:
        (memory,) = (row.memory_mb for row in FUNCTIONS if row.name == name)
        return self._price("lambda_request", calls) + self._price("lambda_gb_second", seconds * memory / 1024)

    def _mappings(self) -> Line:
        pollers = POLLERS_A_RELAY * self._event.slices * self._event.low_latency + (
            self._event.archive == "provisioned"
        )
        units = math.ceil(pollers / POLLERS_A_UNIT)
        return Line("event pollers", self._price("poller_hour", units * HOURS), 0)

    def _kafka(self) -> Line:
        kind = self._event.kafka
        if kind == "existing":
            return Line("MSK (yours)", 0, 0)
        if kind == "serverless":
            return Line("MSK Serverless", *self._serverless())
        volumes = BROKERS * (10 if kind == "t3.small" else self._assumed["broker_volume_gb"])
        brokers = self._price(f"kafka.{kind}_hour", BROKERS * HOURS)
        return Line(f"MSK, {BROKERS} × {kind}", brokers + self._price("broker_gb_month", volumes), 0)

    def _serverless(self) -> tuple[float, float]:
        partitions = TOPICS * PARTITIONS * HOURS
        fixed = self._price("msk_serverless_hour", HOURS) + self._price("msk_serverless_partition_hour", partitions)
        gigabyte = self._assumed["record_bytes"] * self._event.seconds / GIGABYTE
        written = (self._load.live_events + self._load.saved_events) * gigabyte
        read = (self._load.live_events * self._event.slices + self._load.saved_events) * gigabyte
        return fixed, self._price("msk_serverless_gb_in", written) + self._price("msk_serverless_gb_out", read)

    def _cache(self) -> Line:
        gigabytes = self._event.viewers * self._assumed["seat_bytes"] / GIGABYTE
        more = max(0.0, gigabytes - LEAST_CACHE_GB) * self._event.hours
        work = self._price("cache_ecpu", self._load.ecpu * self._event.seconds)
        fixed = self._price("cache_gb_hour", LEAST_CACHE_GB * HOURS)
        return Line("ElastiCache", fixed, self._price("cache_gb_hour", more) + work)

    def _table(self) -> Line:
        kept = (self._event.chat_rate + 2 * self._event.join_rate) * self._event.seconds
        gigabytes = kept * self._assumed["item_bytes"] / GIGABYTE
        stored = self._price("table_gb_month", gigabytes) + self._price("table_recovery_gb_month", gigabytes)
        return Line("DynamoDB", 0, self._price("table_write", self._load.writes * self._event.seconds) + stored)

    def _network(self) -> Line:
        if not self._event.nat:
            return Line("IPv6, no NAT", 0, 0)
        posted = self._load.posts * (self._load.frame_bytes + self._assumed["post_overhead_bytes"])
        through = self._price("nat_gb", posted * self._event.seconds / GIGABYTE)
        return Line(f"NAT × {self._event.nat}", self._price("nat_hour", self._event.nat * HOURS), through)

    def _watching(self) -> Line:
        sliced = sum(one.per_slice for one in METRICS)
        metrics = len(METRICS) - sliced + sliced * self._event.slices
        alarms = ALARM_METRICS + ALARM_METRICS_A_SLICE * self._event.slices
        alarms += ALARM_METRICS_LOW_LATENCY * self._event.low_latency
        fixed = self._price("metric_month", metrics) + self._price("alarm_metric_month", alarms)
        fixed += self._price("dashboard_month", 1) + self._price("secret_month", 1)
        logged = sum(self._logged()) / GIGABYTE
        traces = self._assumed["traced_share"] * sum(calls for calls, _ in self.calls().values())
        return Line("CloudWatch, X-Ray, secret", fixed, self._price("log_gb", logged) + self._price("trace", traces))

    def _logged(self) -> Iterator[float]:
        calls = self.calls()
        yield sum(number for number, _ in calls.values()) * self._assumed["log_bytes_a_call"]
        yield calls["relay"][0] * self._assumed["log_bytes_a_tick"]
        accesses = calls["message"][0] + 2 * self._event.arrivals
        yield accesses * self._assumed["log_bytes_an_access"]
