import asyncio
import traceback
from typing import Any

import pytest

from functions.runtime.entry import Entry, Refusal
from functions.runtime.settings import Settings, SettingsError


class Parts:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


async def build(settings: Settings) -> Parts:
    return Parts()


async def main(event: dict[str, Any], parts: Parts) -> Any:
    if event.get("fail"):
        raise RuntimeError("on purpose")
    return parts, asyncio.get_running_loop()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")


def test_one_loop_and_one_set_of_parts_serve_all_events() -> None:
    handler = Entry("connect", main, build)
    (parts, loop), (again, later) = handler({}, None), handler({}, None)
    assert parts is again
    assert loop is later is parts.loop
    loop.close()


def test_what_main_raises_is_raised_and_the_next_event_is_handled() -> None:
    handler = Entry("connect", main, build)
    with pytest.raises(RuntimeError, match="on purpose"):
        handler({"fail": True}, None)
    handler({}, None)[1].close()


def test_a_refusal_is_logged_without_the_way_that_it_came() -> None:
    async def refuse(event: dict[str, Any], parts: Parts) -> None:
        try:
            raise KeyError(event["why"])
        except KeyError:
            raise Refusal("no") from None

    handler = Entry("connect", refuse, build)
    with pytest.raises(Refusal, match="^no$") as caught:
        handler({"why": "because"}, None)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames][1:] == ["__call__"]  # behind the caller's own, which Lambda leaves out
    assert handler._loop is not None
    handler._loop.close()


def test_settings_are_read_with_the_first_event_not_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    handler = Entry("connect", main, build)
    with pytest.raises(SettingsError, match="REDIS_URL is not set"):
        handler({}, None)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    handler({}, None)[1].close()


def test_what_is_prepared_before_a_snapshot_serves_the_first_event() -> None:
    built = []

    async def build_once(settings: Settings) -> Parts:
        built.append(settings)
        return await build(settings)

    handler = Entry("connect", main, build_once)
    handler.prepare()
    assert len(built) == 1
    parts, loop = handler({}, None)
    assert loop is parts.loop
    assert len(built) == 1
    loop.close()


def test_what_cannot_be_built_fails_while_it_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    handler = Entry("connect", main, build)
    with pytest.raises(SettingsError, match="REDIS_URL is not set"):
        handler.prepare()
    assert handler._loop is not None
    handler._loop.close()
