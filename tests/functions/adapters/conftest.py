import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.room_state import RoomState


@pytest.fixture
def state(redis: RedisCluster) -> RoomState:
    return RoomState(redis, heartbeat_seconds=60)
