"""DynamoDB throttles, leaves items unprocessed, fails and cuts connections: nothing is lost, nothing counts twice."""

import pytest

from tests.story.archived import Archived
from tests.story.rooms import Servers, running
from tests.story.talkers import Said, talk
from tests.story.throttle import TROUBLES, throttle

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_table_in_trouble_gets_everything_in_the_end(own_servers: Servers, activity: int, seed: int) -> None:
    async with throttle(own_servers.aws_endpoint, seed) as table:
        servers = Servers(own_servers.redis_url, own_servers.kafka_bootstrap, table.url)
        async with running(servers) as rooms:
            archive = Archived(rooms, servers.kafka_bootstrap, own_servers.aws_endpoint, activity)
            await archive.set_aside()
            viewers = [await rooms.enter(activity, f"viewer {number}") for number in range(6)]
            said: Said = {}
            with table.trouble(share=0.5):
                while set(table.troubles) < set(TROUBLES):
                    said |= await talk(viewers, 10)
                    await archive.caught_up()
                await archive.is_left_by(viewers)
                await archive.caught_up()
            await table.settled()
            await archive.holds(said)
    assert table.requests["BatchWriteItem"] > 1
