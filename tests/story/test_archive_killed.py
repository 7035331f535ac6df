"""The archive is killed in the middle of batches, again and again: nothing is lost, and nothing counts twice."""

import asyncio
import random

import psutil
import pytest

from tests.story.archived import Archived
from tests.story.rooms import Servers, running
from tests.story.talkers import Said, talk
from tests.story.throttle import Throttle, throttle
from tests.story.viewer import PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.long]

FUNCTION = "archive"
ROUNDS = 2


def environments() -> list[psutil.Process]:
    """The processes that run the archive."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if child.name() == FUNCTION and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            pass
    return found


async def kill_the_archive() -> None:
    """SIGKILL to its process, of which there is one; returns when it is gone."""
    async with asyncio.timeout(PATIENCE):
        while len(running := environments()) != 1:
            await asyncio.sleep(0.01)
        running[0].kill()
        while running[0] in environments():
            await asyncio.sleep(0.01)


async def kill_while_it_writes(table: Throttle, *, passed: int, written: bool) -> None:
    """Let so many writes of a batch pass, and kill it while the next is under way."""
    with table.holding(passed=passed, written=written) as hold:
        async with asyncio.timeout(2 * PATIENCE):
            await hold.reached.wait()
        await kill_the_archive()


@pytest.mark.parametrize("seed", [1, 2])
async def test_an_archive_that_is_killed_within_batches_loses_nothing_and_counts_once(
    own_servers: Servers, activity: int, seed: int
) -> None:
    dice = random.Random(seed)
    async with throttle(own_servers.aws_endpoint) as table:
        servers = Servers(own_servers.redis_url, own_servers.kafka_bootstrap, table.url)
        async with running(servers) as rooms:
            archive = Archived(rooms, servers.kafka_bootstrap, own_servers.aws_endpoint, activity)
            await archive.set_aside()
            viewers = [await rooms.enter(activity, f"viewer {number}") for number in range(4)]
            said: Said = {}
            for _ in range(ROUNDS):
                talking = asyncio.create_task(talk(viewers, 10))
                # What was written is not answered, and what was not is written later, when it comes again already.
                for written in dice.sample((True, False), 2):
                    await kill_while_it_writes(table, passed=dice.randrange(6), written=written)
                said |= await talking
                await archive.caught_up()
            await archive.is_left_by(viewers)
            await archive.caught_up()
            await table.settled()
            await archive.holds(said)
    assert max(table.puts.values()) > 1, "no batch came again"
