"""A handler that is edited serves the next frame, on connections that stay open."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.story.command import ROOT, up
from tests.story.rooms import Servers
from tests.story.viewer import PATIENCE

pytestmark = pytest.mark.kafka


async def test_an_edited_handler_is_picked_up(own_servers: Servers, activity: int, tmp_path: Path) -> None:
    for package in ("functions", "local"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    async with up(own_servers, root=tmp_path) as emulator:
        alice = await emulator.rooms.enter(activity, "alice")
        assert "edited" not in await alice.say("before")
        source = tmp_path / "functions" / "rooms" / "objects.py"
        text, wanted = source.read_text(), '"ok": True'
        assert wanted in text
        source.write_text(text.replace(wanted, f'{wanted}, "edited": True'))
        async with asyncio.timeout(PATIENCE):
            while "edited" not in await alice.say("after"):
                pass
        assert alice.is_open
