"""The step about the pages, on what a bucket may have."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tools import json_http
from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.pages import Site

WHOLE: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/stage.json": (200, {}, b'{"websocket": "wss://rooms.example/websocket", "api": "https://rooms.example"}'),
    "/": (200, {"content-security-policy": "default-src 'none'"}, b'<script src="/assets/0a/pages/room/room.js">'),
    "/console": (200, {"content-security-policy": "default-src 'none'"}, b'<link href="/assets/0a/console.css">'),
    "/assets/0a/pages/room/room.js": (200, {}, b"script"),
    "/assets/0a/console.css": (200, {}, b"style"),
}


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Any:
    @contextmanager
    def serve(files: dict[str, Any]) -> Iterator[list[str]]:
        asked: list[str] = []

        def get(url: str, *, seconds: float) -> Any:
            origin, path = url[: len("https://rooms.example")], url[len("https://rooms.example") :]
            assert origin == "https://rooms.example"
            asked.append(path)
            return files.get(path, (404, {}, b"NoSuchKey"))

        with monkeypatch.context() as patched:
            patched.setattr(json_http, "get", get)
            yield asked

    return serve


def site() -> Site:
    return Site("wss://rooms.example/websocket")


async def test_pages_are_fetched_with_all_that_they_name(serving: Any) -> None:
    with serving(WHOLE) as asked:
        said = await site().look()

    assert said.endswith("which connect to wss://rooms.example/websocket")
    assert "/assets/0a/pages/room/room.js" in asked


async def test_a_stage_without_pages_is_not_asked_for_them(serving: Any) -> None:
    for status in (403, 404):
        with serving({"/stage.json": (status, {}, b"")}) as asked:
            assert (await site().look()).startswith("not asked: ")
        assert asked == ["/stage.json"]


async def test_a_page_that_is_not_whole_is_told(serving: Any) -> None:
    for path, answer, said in (
        ("/", (404, {}, b""), "/ answers 404"),
        ("/", (200, WHOLE["/"][1], b""), "/ answers 200 with 0 bytes"),
        ("/", (200, {}, b"<html>"), "/ has no content-security-policy"),
        ("/assets/0a/pages/room/room.js", (403, {}, b"no"), "room.js answers 403"),
        ("/stage.json", (200, {}, b"<html>"), "without a WebSocket's"),
        ("/stage.json", (200, {}, b"[]"), "without a WebSocket's"),
        ("/stage.json", (200, {}, b'{"websocket": 7, "api": "https://a"}'), "without a WebSocket's"),
    ):
        with serving(WHOLE | {path: answer}), pytest.raises(Failed, match=said) as caught:
            await site().look()
        assert caught.value.cause is cause.PAGES, said
