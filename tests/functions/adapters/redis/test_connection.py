import asyncio
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import Connection
from redis.exceptions import ResponseError

from functions.adapters.redis.connection import RoomsConnection
from functions.adapters.redis.keys import RoomKeys


@pytest.mark.parametrize(
    "command",
    [
        ("EVALSHA", "0" * 40, 2, "{42}:a", "{42}:b", 1_700_000_000_000, 0.2, -1, "", "grüezi 🎉"),
        ("CONFIG GET", "maxmemory"),
        (b"SET", b"{42}:a", b"\x00\r\n\xff"),
        ("PING",),
        ("SET", "{42}:a", "x" * 20_000),
    ],
    ids=lambda command: str(command[0]),
)
def test_a_command_has_the_bytes_that_redis_py_would_write(command: tuple[Any, ...]) -> None:
    ours, theirs = RoomsConnection().pack_command(*command), Connection().pack_command(*command)
    assert b"".join(ours) == b"".join(theirs)


async def test_a_lone_surrogate_is_refused_as_redis_py_refuses_it(redis: RedisCluster) -> None:
    with pytest.raises(UnicodeEncodeError):
        await redis.set(RoomKeys(42).figures, "\ud800")
    await redis.set(RoomKeys(42).figures, "fine")  # the connection is as good as before


async def test_commands_and_large_values_take_turns_on_a_connection(redis: RedisCluster) -> None:
    name = RoomKeys(42).figures
    for value in ("small", "x" * 3_000_000, "small again"):
        await redis.set(name, value)
        assert await redis.get(name) == value


async def test_many_commands_at_once_get_their_own_answers(redis: RedisCluster) -> None:
    name = RoomKeys(42).figures
    found = await asyncio.gather(*(redis.eval("return ARGV[1]", 1, name, str(n)) for n in range(200)))
    assert found == [str(n) for n in range(200)]


async def test_a_script_without_keys_runs_and_one_with_keys_of_two_slots_is_refused(redis: RedisCluster) -> None:
    assert await redis.eval("return 1", 0) == 1
    with pytest.raises(ResponseError, match="slot"):
        await redis.eval("return 1", 2, RoomKeys(1).figures, RoomKeys(2).figures)
