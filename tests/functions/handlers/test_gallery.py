import json
from typing import Any

import pytest

from functions.adapters.redis.client import connect
from functions.adapters.redis.gallery_state import SlotState
from functions.adapters.tokens.edge import Edge
from functions.handlers.gallery import GalleryParts, build, main
from functions.runtime.metrics import Meter
from functions.runtime.settings import EDGE_HEADER, Settings
from tests.functions.usecases.test_slot_reader import AT, NEW, OLD, Played, key_of, keys_of, reader

SLOT = AT // 1000
BRIEF = "public, max-age=1"


def parts_of(state: Any, **changes: Any) -> GalleryParts:
    fields: dict[str, Any] = {"reader": reader(state), "edge": Edge()}
    return GalleryParts(**fields | changes)


def event(path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {"rawPath": path, "headers": headers or {}, "requestContext": {"http": {"method": method}}}


async def ask(path: str, parts: GalleryParts | None = None, **request: Any) -> tuple[int, str, Any]:
    """The status, the Cache-Control and the body."""
    answer = await main(event(path, **request), parts or parts_of(Played(said_at=AT)))
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"]["access-control-allow-origin"] == "*"
    return answer["statusCode"], answer["headers"]["cache-control"], json.loads(answer["body"])


def address(slot: object = SLOT, *, key: str | None = None, room: object = 42) -> str:
    return f"/gallery/{room}/{key_of() if key is None else key}/{slot}"


async def test_a_slot_may_be_kept_by_every_cache() -> None:
    told = {"next": SLOT + 1, "objects": [{"messageType": 4}]}
    assert await ask(address()) == (200, "public, max-age=60, immutable", told)
    assert (await ask(address(), method="HEAD"))[0] == 200


async def test_what_is_not_known_any_more_is_asked_for_again() -> None:
    assert await ask(address(SLOT - 61)) == (200, BRIEF, {"next": SLOT, "gap": True})


async def test_what_is_wrong_is_kept_for_no_more_than_a_second() -> None:
    for path, status, error in (
        (address(key=key_of(NEW)), 403, "not_allowed"),
        (address(key=key_of(activity_id=43)), 403, "not_allowed"),
        (address(key="guess"), 403, "not_allowed"),
        (address(room=43), 403, "not_allowed"),
        (address(key=key_of(at=AT - 1_200_000)), 403, "not_allowed"),
        (address(SLOT + 2), 404, "too_early"),
        (address(9_999_999_999), 404, "too_early"),
        (address(10_000_000_000), 400, "bad_field"),
        (address("9" * 4000), 400, "bad_field"),
        (address(-1), 400, "bad_field"),
        (address("1e9"), 400, "bad_field"),
        (address("01"), 400, "bad_field"),
        (address("٣"), 400, "bad_field"),
        (address(f"{SLOT}\n"), 400, "bad_field"),
        (address("NaN"), 400, "bad_field"),
        (address(".."), 400, "bad_field"),
        (address(room="x"), 400, "bad_field"),
        (address(room=0), 400, "bad_field"),
        (address(room="9" * 30), 400, "bad_field"),
        (address(""), 404, "not_found"),
        (address(f"{SLOT}/"), 404, "not_found"),
        (f"{address()}/1", 404, "not_found"),
        ("/gallery/42", 404, "not_found"),
        ("/gallery/", 404, "not_found"),
    ):
        answered = await ask(path)
        assert (answered[0], answered[1], answered[2]["error"]) == (status, BRIEF, error), path
        assert answered[2].keys() == {"error", "message"}, path


async def test_slots_are_only_read() -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await ask(address(), method=method))[0] == 405, method


async def test_a_stage_without_a_gallery_has_none() -> None:
    parts = await build(Settings(redis_url="redis://127.0.0.1:1"))
    assert parts.reader is None
    assert (await ask(address(), parts))[0] == 404
    assert (await build(Settings(redis_url="redis://127.0.0.1:1", gallery_secret="s"))).reader is not None


async def test_a_server_that_is_away_is_tried_again() -> None:
    away = SlotState(connect("redis://127.0.0.1:1"))
    status, cached, body = await ask(address(), GalleryParts(reader=reader(away, sleep=Played().sleep), edge=Edge()))
    assert (status, cached, body["error"]) == (503, BRIEF, "unavailable")


async def test_a_stage_that_is_entered_through_the_distribution_alone_is_so_for_readers() -> None:
    parts = parts_of(Played(said_at=AT), edge=Edge(keys_of(OLD)))
    assert (await ask(address(), parts))[0] == 403
    assert (await ask(address(), parts, headers={EDGE_HEADER: NEW}))[0] == 403
    assert (await ask(address(), parts, headers={EDGE_HEADER: OLD}))[0] == 200


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        (address(), {"GalleryRequests"}),
        (address(SLOT - 61), {"GalleryRequests", "SlotGaps"}),
        (address(SLOT - 20), {"GalleryRequests", "SlotsLate"}),
        (address(key="guess"), {"GalleryRequests", "GalleryRefused"}),
    ],
)
async def test_requests_are_counted(path: str, counted: set[str]) -> None:
    lines: list[str] = []
    await ask(path, parts_of(Played(said_at=AT - 20_000), meter=Meter(write=lines.append)))
    names = {
        metric["Name"]
        for line in lines
        for one in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in one["Metrics"]
    }
    assert names == counted
