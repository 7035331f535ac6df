"""Reviews as a stage or a developer sets them, each in an emulator of its own.

Not beside the emulator of test_review.py: on one Kafka the two would share the partitions of their groups.
"""

import asyncio
from pathlib import Path

import pytest

from functions.rooms.review import REASON
from tests.story.command import up
from tests.story.rooms import GENEROUS, Servers, running
from tests.story.test_review import CODE, FAILING, total
from tests.story.viewer import PATIENCE
from tests.tree import ROOT

pytestmark = pytest.mark.kafka


async def test_where_nothing_may_pass_unseen_a_review_that_fails_denies(
    own_servers: Servers, activity: int, tmp_path: Path
) -> None:
    file = tmp_path / "review.py"
    file.write_text(CODE)
    environment = GENEROUS | {"REVIEW_ON_FAILURE": "deny"}
    async with running(own_servers, environment=environment, review=str(file)) as rooms:
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
        async with asyncio.timeout(PATIENCE):
            while not (await alice.say("warm"))["ok"]:
                pass
        for what in FAILING:
            reply = await alice.say(what, id=what)
            assert (reply["error"], reply["message"]) == ("denied", REASON), what
        async with asyncio.timeout(PATIENCE):
            while not (await alice.say("end"))["ok"]:
                pass
        await bob.hears("end")
        assert set(bob.shown) == {"warm", "end"}
        # Each of the failures is told apart from the verdicts.
        async with asyncio.timeout(PATIENCE):
            while await total(rooms, "ReviewsDenied") < len(FAILING):
                pass
        assert await total(rooms, "ReviewsAsked") >= await total(rooms, "ReviewsFailed") >= len(FAILING)
        assert await total(rooms, "ReviewLatency") > 0


async def test_the_example_reviews_and_an_edit_of_it_counts_from_the_next_chat(
    own_servers: Servers, activity: int, tmp_path: Path
) -> None:
    file = tmp_path / "review.py"
    text = (ROOT / "examples" / "review.py").read_text()
    file.write_text(text)
    async with up(own_servers, {"REVIEW": str(file)}) as emulator:
        alice = await emulator.rooms.enter(activity, "alice")
        async with asyncio.timeout(PATIENCE):
            while (await alice.say("see https://x.example")).get("message") != "No links, please.":
                pass
            file.write_text(text.replace("No links, please.", "Links are for hosts."))
            while (await alice.say("see https://x.example")).get("message") != "Links are for hosts.":
                pass
        assert (await alice.say("call 555 0100 12"))["ok"]
        await alice.hears("call ***********")
        file.write_text("def handler(:\n")
        assert "SyntaxError" in await emulator.printed("review.py:")
        async with asyncio.timeout(PATIENCE):
            while not (await alice.say("see https://x.example"))["ok"]:
                pass
