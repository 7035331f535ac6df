"""The reader in the gallery, on what may be answered to it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tools import json_http
from tools.smoke import cause, reader
from tools.smoke.cause import Failed
from tools.smoke.reader import Reader

TICKS = "/gallery/42/7.key/"
PLACE = {"lane": "gallery", "place": "g1", "userId": "carol", "ticks": TICKS, "next": 100}
CHAT = {"messageType": 4, "seq": 7}
TOO_EARLY = (404, {"error": "too_early", "message": "the slot is far from over"})


class Answers:
    """In place of the network: what is answered to those who ask for places, and for slots one after another."""

    def __init__(self, *slots: tuple[int, Any], told: Any = PLACE, status: int = 200) -> None:
        self.slots = list(slots)
        self.told, self.status = told, status
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}

    def ask(self, method: str, url: str, body: Any = None, **given: Any) -> Any:
        self.asked.append(f"{method} {url} {json.dumps(body)}")
        self.headers = given["headers"]
        return (204, {}) if "/leave" in url else (self.status, self.told)

    def get(self, url: str, **given: Any) -> Any:
        self.asked.append(f"GET {url}")
        status, told = self.slots.pop(0) if len(self.slots) > 1 else self.slots[0]
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return status, {"x-cache": "Miss from cloudfront"} if status == 200 else {}, body


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PAUSE_SECONDS", 0)


def reading(
    monkeypatch: pytest.MonkeyPatch, answers: Answers, *, token: str | None = "t", patience: float = 30
) -> Reader:
    monkeypatch.setattr(json_http, "ask", answers.ask)
    monkeypatch.setattr(json_http, "get", answers.get)
    return Reader("https://cdn.example/api", token, 42, "carol", patience=patience)


def said(slots: Sequence[int], *objects: object) -> tuple[int, Any]:
    return 200, {"next": slots[-1] + 1, "objects": objects}


async def test_a_place_is_taken_slots_are_read_and_the_place_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = (200, {"next": 101, "gap": True})
    answers = Answers(TOO_EARLY, gap, said([100, 101], {"messageType": 1}), said([102], {"messageType": 5}, CHAT))
    it = reading(monkeypatch, answers)
    assert await it.take()
    assert await it.read_until("the chat", **CHAT) == "Miss from cloudfront"
    await it.leave()
    path = "https://cdn.example/api/activities/42/place"
    slots = [f"GET https://cdn.example{TICKS}{slot}" for slot in (100, 100, 100, 102)]
    left = f"POST {path}/leave?place=g1&userId=carol null"
    assert answers.asked == [f'POST {path} {{"lane": "gallery"}}', *slots, left]
    assert answers.headers["Authorization"] == "Bearer t"


async def test_a_stage_without_a_gallery_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(TOO_EARLY, told={"lane": "seat"})
    it = reading(monkeypatch, answers, token=None)
    assert not await it.take()
    await it.leave()
    assert answers.asked == [
        'POST https://cdn.example/api/activities/42/place {"username": "carol", "lane": "gallery"}'
    ]


async def test_what_is_no_place_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for status, told, likely in (
        (200, {}, cause.ROOMS),
        (200, {"lane": "gallery", "place": "g1"}, cause.ROOMS),
        (503, {"error": "unavailable", "message": "Redis does not answer, try again"}, cause.REDIS),
        (503, {"error": "unavailable", "message": "the keys of tokens are out of reach"}, cause.AUTH),
        (429, {"error": "too_often", "message": "again in 5 s"}, cause.THROTTLE),
        (403, {"error": "origin", "message": "pages on this origin are not let in"}, cause.AUTH),
    ):
        with pytest.raises(Failed) as caught:
            await reading(monkeypatch, Answers(TOO_EARLY, status=status, told=told)).take()
        assert caught.value.cause is likely, told


async def test_slots_that_cannot_be_read_are_told_with_the_gallery_as_the_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for answer, why in (
        ((403, {"error": "not_allowed", "message": "the key is not valid"}), "403: the key is not valid"),
        ((404, b"<Error>NoSuchKey</Error>"), "404: no message"),  # the pages' bucket answers
        ((502, b"Bad Gateway"), "502"),
        ((200, b"<html>"), "has no objects"),
        ((200, {"objects": [7]}), "has no objects"),
    ):
        it = reading(monkeypatch, Answers(answer))
        await it.take()
        with pytest.raises(Failed, match=why) as caught:
            await it.read_until("the chat", **CHAT)
        assert caught.value.cause is cause.GALLERY, why


async def test_who_waits_in_vain_tells_what_there_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, why in (
        (said([100]), "the slots up to 101 lack it"),
        ((503, {"error": "unavailable", "message": "the room cannot be reached"}), "503: the room cannot be reached"),
        ((200, {"next": 100, "gap": True}), "slots are missing"),
    ):
        it = reading(monkeypatch, Answers(answer), patience=0.1)
        await it.take()
        with pytest.raises(Failed, match=f"in vain for the chat: .*{why}") as caught:
            await it.read_until("the chat", **CHAT)
        assert caught.value.cause is cause.GALLERY
