"""`python -m tools estimate`: what an event costs a month on AWS, and which quota binds first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tools.estimate.bill import bill_of
from tools.estimate.bounds import Bound, bounds
from tools.estimate.event import Event
from tools.estimate.figures import DATA
from tools.estimate.gallery import Gallery
from tools.parser import Parser, option


@dataclass(frozen=True, kw_only=True)
class EstimateOptions(Event):
    json: bool = option("for programs", default=False)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print the estimate. Wrong arguments end the program with 2."""
    parser = Parser(
        "python -m tools estimate",
        description="What an event costs a month on AWS (us-east-1, list prices), and which quota binds first.",
        epilog="Rates are a second, all viewers together. docs/cost.md tells what the estimate rests on.",
    )
    given = parser.given(EstimateOptions, arguments, environment, {})
    as_json = given.pop("json", False)
    event = Event(**{"chat_rate": 10, **given})
    print(json.dumps(document(event), indent=2) if as_json else text(event))
    return 0


def text(event: Event) -> str:
    lines, limits = bill_of(event), bounds(event)
    fixed, by_use = sum(line.fixed for line in lines), sum(line.by_use for line in lines)
    viewer_hours = event.viewers * event.hours
    told = [
        *_said(event),
        "",
        f"{'US$ a month':<28}{'fixed':>12}{'by use':>14}",
        *(f"{line.box:<28}{line.fixed:>12,.2f}{line.by_use:>14,.2f}" for line in lines),
        f"{'in all':<28}{fixed:>12,.2f}{by_use:>14,.2f}   = {fixed + by_use:,.2f}",
        f"{'for each viewer and hour':<28}{'':>12}{by_use / viewer_hours:>14,.5f}",
        "",
        f"{'of the limit':<60}{'used':>12}{'limit':>12}",
        *(f"{one.what:<60}{one.used:>12,.0f}{one.limit:>12,.0f}{one.share:>8.0%}" for one in limits),
        "",
        _first(limits[0]),
    ]
    return "\n".join(told)


def _said(event: Event) -> list[str]:
    frame = event.frame_bytes / 1000
    doing = f"{event.chat_rate:g} chats, {event.like_rate:g} likes, {event.join_rate:g} joins a second"
    whom = "a viewer on a seat" if event.readers else "a viewer"
    sent = f"{whom} is sent {event.ticks:.2f} frames a second of {frame:.1f} KB: {event.posts:,.0f} POSTs a second"
    said = [f"{event.viewers:,} viewers in a room, {event.hours:g} hours a month; {doing}", sent]
    if event.posts < event.posts_wanted:
        kept = f"the relays keep to their budget, and a tick takes {1 / event.ticks:.1f} s"
        said.append(f"{event.posts_wanted:,.0f} POSTs a second were wanted: {kept}")
    if event.frame_bytes < event.frame_bytes_wanted:
        said.append(f"a tick would have {event.frame_bytes_wanted / 1000:.1f} KB: the oldest chat is left out of it")
    if event.readers:
        said += _said_of_gallery(event)
    requests = DATA["quotas"]["requests_a_second"]["value"]
    if event.posts > requests:
        said.append(f"that takes an account whose {requests:,.0f} requests a second AWS has raised")
    return said


def _said_of_gallery(event: Event) -> list[str]:
    gallery = Gallery(event)
    answer = f"{gallery.answer_bytes / 1000:.1f} KB, {gallery.sent_bytes / 1000:.1f} as they are sent"
    return [
        f"{event.readers:,} of them read in the gallery: {gallery.requests:,.0f} answers a second of {answer}",
        f"an answer covers {gallery.answer_seconds:.1f} s, and its origin is asked {gallery.asked:.1f} times a second",
        f"a place is renewed every {event.beat_seconds:.0f} s: {gallery.calls:,.0f} calls a second about places",
    ]


def _first(first: Bound) -> str:
    if first.share < 1:
        return f"Nothing binds. Nearest: {first.what} ({first.share:.0%})."
    remedy = "can be raised" if first.raisable else "cannot be raised"
    return f"Binds first: {first.what} ({first.share:.0%}), which {remedy}."


def document(event: Event) -> dict[str, object]:
    lines = bill_of(event)
    return {
        "region": DATA["region"],
        "event": asdict(event),
        "posts_a_second": event.posts,
        "posts_wanted_a_second": event.posts_wanted,
        "frame_bytes": event.frame_bytes,
        "gallery_requests_a_second": Gallery(event).requests if event.readers else 0.0,
        "bill": [asdict(line) for line in lines],
        "fixed": sum(line.fixed for line in lines),
        "by_use": sum(line.by_use for line in lines),
        "bounds": [{**asdict(bound), "share": bound.share} for bound in bounds(event)],
    }
