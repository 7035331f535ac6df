"""A handler that is edited serves the next frame, on connections that stay open; a broken one is told at once."""

import asyncio
from pathlib import Path

import pytest

from tests.story.command import up
from tests.story.rooms import Servers
from tests.story.viewer import PATIENCE
from tests.tree import copy_of_the_tree

pytestmark = pytest.mark.kafka


async def test_an_edited_handler_is_picked_up(own_servers: Servers, activity: int, tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    async with up(own_servers, root=tree) as emulator:
        alice = await emulator.rooms.enter(activity, "alice")
        assert "edited" not in await alice.say("before")
        alice.hears_anything = True
        source = tree / "functions" / "rooms" / "objects.py"
        text, wanted = source.read_text(), '"ok": True'
        assert wanted in text
        source.write_text(text.replace(wanted, f'{wanted}, "edited": True'))
        async with asyncio.timeout(PATIENCE):
            while "edited" not in await alice.say("after"):
                pass
        assert alice.is_open


async def test_a_handler_that_is_broken_by_an_edit_is_told_and_so_is_that_it_works_again(
    own_servers: Servers, tmp_path: Path
) -> None:
    tree = copy_of_the_tree(tmp_path)
    async with up(own_servers, root=tree) as emulator:
        source = tree / "functions" / "handlers" / "message.py"
        text = source.read_text()
        for broken, wanted in (
            (f"{text}x = (\n", "SyntaxError: '(' was never closed"),
            (f"{text}import missing_module\n", "ModuleNotFoundError: No module named 'missing_module'"),
        ):
            source.write_text(broken)
            line = await emulator.printed("functions/handlers/message.py:")
            assert line == f"functions/handlers/message.py:{len(text.splitlines()) + 1}: {wanted}\n"
            source.write_text(text)
            assert await emulator.printed("message.py") == "functions/handlers/message.py works again\n"
        manifest = tree / "functions" / "manifest.py"
        manifest.write_text(f"{manifest.read_text()}# edited\n")
        assert "restart" in await emulator.printed("functions/manifest.py: ")
