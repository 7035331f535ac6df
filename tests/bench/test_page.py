"""The bench of the room page's frames, in small."""

import pytest

from bench.chromium import CHROMIUM, MISSING
from bench.page import run


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
async def test_frames_of_an_empty_page_and_of_a_busy_one_are_counted() -> None:
    result = await run(rates=(0, 200), seconds=0.5, rounds=1)

    assert [row[0] for row in result.rows] == [
        "an empty page",
        "the room, 0 chats a second",
        "the room, 200 chats a second",
    ]
    assert all(frames > 0 for frames in result.figures["framesPerSecond"].values())
    assert len(result.targets) == 2
