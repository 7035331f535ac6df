"""`python -m local estimate`: what an event costs a month on AWS, and which quota binds first."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from functions.rooms.seats import BUCKETS
from local.number import number
from local.parser import Parser
from local.tools.estimate.bill import Bill
from local.tools.estimate.bounds import bounds
from local.tools.estimate.event import Event, Load
from local.tools.estimate.figures import Figures

KINDS = ("t3.small", "m7g.large", "serverless", "existing")


def main(arguments: Sequence[str]) -> int:
    """Print the estimate; returns the exit status."""
    options = vars(parser().parse_args(arguments))
    as_json = options.pop("json")
    given: dict[str, Any] = {field.name: options[field.name] for field in fields(Event)}
    event = Event(**given)
    load = Load(event, Figures.read())
    try:
        print(json.dumps(document(load), indent=2) if as_json else text(load), flush=True)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
        return 1
    return 0


def parser() -> Parser:
    """The command's options."""
    parser = Parser(
        "python -m local estimate",
        description="What an event costs a month on AWS (us-east-1, list prices), and which quota binds first.",
        epilog="Rates are a second, all viewers together. What it rests on: docs/cost.md.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    plain = Event(viewers=1, hours=1)
    rate = number(float, 0, 1e6)
    add = parser.add_argument
    add("--viewers", type=number(int, 1, 10_000_000), required=True, metavar="N", help="in the room at a time")
    add("--hours", type=number(float, 0.01, 744), required=True, metavar="H", help="of events in a month")
    add("--chat-rate", type=rate, default=10.0, metavar="N", help="chats a second")
    add("--like-rate", type=rate, default=0.0, metavar="N", help="like frames a second")
    add("--join-rate", type=rate, default=0.0, metavar="N", help="who joins a second; as many leave")
    seconds: dict[str, Any] = {"type": number(float, 1, 86_400), "metavar": "S"}
    add("--heartbeat-seconds", default=plain.heartbeat_seconds, help="between a viewer's heartbeats", **seconds)
    add("--arrive-seconds", default=plain.arrive_seconds, help="within which all viewers come", **seconds)
    add("--slices", type=number(int, 1, BUCKETS), default=plain.slices, metavar="N", help="relay.slices")
    add(
        "--posts-per-second",
        type=number(float, 1, 1e7),
        default=plain.posts_per_second,
        metavar="N",
        help="relay.posts_per_second: the relays' budget",
    )
    add("--low-latency", action="store_true", help="relay.low_latency: pollers of their own, no window")
    add("--kafka", choices=KINDS, default=plain.kafka, help="MSK's kind, or its brokers' size")
    add("--nat", type=number(int, 0, 3), default=plain.nat, metavar="N", help="NAT gateways; 0: IPv6 instead")
    add("--archive", choices=("on_demand", "provisioned"), default=plain.archive, help="archive.mode")
    add("--json", action="store_true", help="for programs")
    return parser


def text(load: Load) -> str:
    """The estimate for people."""
    lines = Bill(load).lines()
    fixed, by_use = sum(line.fixed for line in lines), sum(line.by_use for line in lines)
    viewer_hours = load.event.viewers * load.event.hours
    rows = [f"{line.box:<28}{line.fixed:>12,.2f}{line.by_use:>14,.2f}" for line in lines]
    limits = bounds(load)
    return "\n".join(
        line.rstrip()
        for line in [
            *_said(load),
            "",
            f"{'US$ a month':<28}{'fixed':>12}{'by use':>14}",
            *rows,
            f"{'in all':<28}{fixed:>12,.2f}{by_use:>14,.2f}   = {fixed + by_use:,.2f}",
            f"{'for each viewer and hour':<28}{'':>12}{by_use / viewer_hours:>14,.5f}",
            "",
            f"{'of the limit':<60}{'used':>12}{'limit':>12}{'':>8}",
            *(f"{one.what:<60}{one.used:>12,.0f}{one.limit:>12,.0f}{one.share:>8.0%}" for one in limits),
            "",
            _first(load),
        ]
    )


def _said(load: Load) -> list[str]:
    event, frame = load.event, load.frame_bytes / 1000
    doing = f"{event.chat_rate:g} chats, {event.like_rate:g} likes, {event.join_rate:g} joins a second"
    sent = f"a viewer is sent {load.ticks:.2f} frames a second of {frame:.1f} KB: {load.posts:,.0f} POSTs a second"
    said = [f"{event.viewers:,} viewers in a room, {event.hours:g} hours a month; {doing}", sent]
    if load.posts < load.posts_wanted:
        kept = f"the relays keep to their budget, and a tick takes {1 / load.ticks:.1f} s"
        said.append(f"{load.posts_wanted:,.0f} POSTs a second were wanted: {kept}")
    if load.frame_bytes < load.frame_bytes_wanted:
        said.append(f"a tick would have {load.frame_bytes_wanted / 1000:.1f} KB: the oldest chat is left out of it")
    quota = load.figures.quotas["requests_a_second"]
    if load.posts > quota.limit:
        said.append(f"that takes an account whose {quota.limit:,.0f} requests a second AWS has raised")
    return said


def _first(load: Load) -> str:
    first = bounds(load)[0]
    if first.share < 1:
        return f"Nothing binds. Nearest: {first.what} ({first.share:.0%})."
    remedy = "can be raised" if first.raisable else "cannot be raised"
    return f"Binds first: {first.what} ({first.share:.0%}), which {remedy}."


def document(load: Load) -> dict[str, object]:
    """The estimate for programs."""
    lines = Bill(load).lines()
    return {
        "region": load.figures.region,
        "event": asdict(load.event),
        "posts_a_second": load.posts,
        "posts_wanted_a_second": load.posts_wanted,
        "frame_bytes": load.frame_bytes,
        "bill": [asdict(line) for line in lines],
        "fixed": sum(line.fixed for line in lines),
        "by_use": sum(line.by_use for line in lines),
        "bounds": [{**asdict(bound), "share": bound.share} for bound in bounds(load)],
    }
