import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.room_state import RoomState
from tests.functions.adapters.redis.relay_process import ELSEWHERE, Process, chat
from tests.functions.adapters.redis.test_relay_history import NOW, come


@pytest.fixture
async def epoch(state: RoomState, redis: RedisCluster) -> str:
    """Of the room 42, in which a viewer is and a chat was shown at 90. The log was told up to 100."""
    await come(state)
    views = await Process(redis).shows(chat(90, at=NOW), chat(91, ELSEWHERE, at=NOW), first=0, last=100)
    return views[42].history.epoch
