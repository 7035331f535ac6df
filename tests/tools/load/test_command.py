"""`python -m tools load`, on the emulator."""

import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from local.app import Emulator
from local.options import Options
from tests.tools.wrong_arguments import said
from tools.__main__ import main
from tools.failure import Failure
from tools.load.command import run_load
from tools.load.options import LoadOptions

SHORT = LoadOptions(url="", viewers=20, seconds=2, chat_rate=10, like_rate=10, join_rate=2, jitter=0.5)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(moto_url: str) -> AsyncIterator[str]:
    """Where the rooms are."""
    async with Emulator(Options(port=0, aws_endpoint=moto_url, window_ms=50), {}) as emulator:
        yield f"ws://{emulator.address}/websocket"


def assert_nothing_is_wrong(outcome: dict[str, Any], *, at_end: int = 20) -> None:
    assert outcome["problems"] == []
    assert outcome["viewers"]["at_end"] == at_end
    # What is sent as a connection breaks may stay unanswered.
    assert 0 < outcome["accepted_chats"] == outcome["sent"]["chat"] - outcome["unanswered_chats"]
    assert outcome["chats"]["due"] > 0
    assert outcome["latency_ms"]["count"] >= outcome["chats"]["due"]
    assert 0 < outcome["latency_ms"]["p50"] <= outcome["latency_ms"]["p99"] <= outcome["latency_ms"]["max"]
    assert outcome["refused_handshakes"] == outcome["dropped"] == outcome["refused_frames"] == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_steady_load_loses_nothing(url: str) -> None:
    outcome = await run_load(replace(SHORT, url=url, first_room=1))
    assert_nothing_is_wrong(outcome)
    assert outcome["sent"]["join"] > 0
    assert outcome["frames_per_viewer_second"] > 0
    assert outcome["settings"]["url"] == url
    assert json.loads(json.dumps(outcome)) == outcome


@pytest.mark.asyncio(loop_scope="module")
async def test_who_stays_has_every_chat_answered(url: str) -> None:
    outcome = await run_load(replace(SHORT, url=url, first_room=2, join_rate=0))
    assert_nothing_is_wrong(outcome)
    assert outcome["unanswered_chats"] == 0


async def test_where_tokens_are_asked_for_every_viewer_has_one(moto_url: str) -> None:
    async with Emulator(Options(port=0, aws_endpoint=moto_url, window_ms=50, auth_mode="token"), {}) as emulator:
        url = f"ws://{emulator.address}/websocket"
        outcome = await run_load(replace(SHORT, url=url, first_room=3))
    assert_nothing_is_wrong(outcome)


@pytest.mark.asyncio(loop_scope="module")
async def test_two_processes_share_two_rooms(url: str) -> None:
    outcome = await run_load(replace(SHORT, url=url, first_room=10, rooms=2, processes=2, chat_rate=5, join_rate=1))
    assert_nothing_is_wrong(outcome)
    assert len(outcome["load_cpu"]) == 2


@pytest.mark.asyncio(loop_scope="module")
async def test_everyone_is_back_after_a_storm(url: str) -> None:
    outcome = await run_load(replace(SHORT, url=url, first_room=20, mode="storm", join_rate=0))
    assert_nothing_is_wrong(outcome)
    assert outcome["storm"]["seconds_until_all_were_back"] is not None


@pytest.mark.asyncio(loop_scope="module")
async def test_the_count_is_right_after_viewers_have_vanished(url: str) -> None:
    outcome = await run_load(replace(SHORT, url=url, first_room=30, mode="vanish", join_rate=0, framing="classic"))
    assert_nothing_is_wrong(outcome, at_end=16)
    assert outcome["viewers"]["vanished"] == 4
    assert outcome["vanish"]["seconds_until_count_was_right"] is not None


@pytest.mark.asyncio(loop_scope="module")
async def test_slow_viewers_are_told_apart(url: str) -> None:
    outcome = await run_load(replace(SHORT, url=url, first_room=40, mode="slow"))
    assert_nothing_is_wrong(outcome)
    assert outcome["slow"]["latency_ms"]["count"] > 0


async def test_readers_in_the_gallery_read_every_chat(moto_url: str) -> None:
    options = Options(port=0, aws_endpoint=moto_url, window_ms=50)
    async with Emulator(options, {"GALLERY_FROM": "10"}) as emulator:
        here = replace(
            SHORT, url=f"ws://{emulator.address}/websocket", api=f"http://{emulator.address}/api", join_rate=0
        )
        outcome = await run_load(replace(here, first_room=50, rooms=2, gallery=10, chat_rate=5))
        with pytest.raises(Failure, match="take more --viewers"):
            await run_load(replace(here, first_room=60, viewers=2, gallery=2, chat_rate=1))
        with pytest.raises(Failure, match=r"gives a reader no place \(405.*PlatformApiUrl"):
            await run_load(replace(here, first_room=70, gallery=2, api=f"http://{emulator.address}/apis"))
    assert_nothing_is_wrong(outcome)
    read = outcome["gallery"]
    assert read["readers"] == {"wanted": 10, "at_end": 10}
    # Five readers of each room, who were there before the first chat.
    assert read["chats"]["due"] == read["chats"]["read"] == 5 * outcome["accepted_chats"] == read["latency_ms"]["count"]
    assert 0 < read["latency_ms"]["p50"] <= read["latency_ms"]["p99"] <= read["latency_ms"]["max"]
    assert read["requests"]["place"] >= 10
    assert read["requests"]["slot"] > 0
    assert read["bytes"] > 0
    assert (read["gaps"], read["slots_missed"], read["failed_reads"], read["refused_places"]) == (0, 0, {}, {})
    assert json.loads(json.dumps(outcome)) == outcome


async def test_where_nobody_listens_is_said_in_a_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/websocket"
        with pytest.raises(Failure, match="cannot be reached"):
            await run_load(replace(SHORT, url=url))


def test_a_file_that_cannot_be_written_is_said_before_the_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["load", "--json", str(tmp_path / "missing" / "figures.json")]
    assert "No such file or directory" in said(capsys, partial(main, arguments, {}), "a folder that is not there")
