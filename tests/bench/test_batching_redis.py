import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from redis.exceptions import NoScriptError, ResponseError

from bench.batching_redis import BatchingRedis, Incomplete, read_reply


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"+OK\r\n", "OK"),
        (b":-7\r\n", -7),
        (b"$-1\r\n", None),
        (b"$4\r\na\r\nb\r\n", "a\r\nb"),
        (b"*0\r\n", []),
        (b"*2\r\n:1\r\n*2\r\n$0\r\n\r\n$-1\r\n", [1, ["", None]]),
    ],
)
def test_a_reply_is_read_only_when_all_of_it_has_come(reply: bytes, answer: Any) -> None:
    assert read_reply(b"xy" + reply + b":1\r\n", 2) == (answer, 2 + len(reply))
    for length in range(len(reply)):
        with pytest.raises(Incomplete):
            read_reply(reply[:length], 0)


def test_an_error_is_an_answer() -> None:
    assert isinstance(read_reply(b"-NOSCRIPT No matching script\r\n", 0)[0], NoScriptError)
    assert isinstance(read_reply(b"-ERR wrong\r\n", 0)[0], ResponseError)


async def test_each_caller_gets_its_own_answer(clean_redis: str) -> None:
    async with aclosing(await BatchingRedis.connected(clean_redis)) as redis:
        await redis.hset("h", mapping={str(number): "x" * number for number in range(300)})

        async def one(number: int) -> Sequence[Any]:
            pipeline = redis.pipeline()
            pipeline.execute_command("EVAL", "return {KEYS[1], ARGV[1]}", 1, "h", number)
            pipeline.execute_command("EVAL", "return nonsense(", 1, "h")
            both = await pipeline.execute(raise_on_error=False)
            return [await redis.hget("h", str(number)), *both]

        for number, (text, values, error) in enumerate(await asyncio.gather(*map(one, range(300)))):
            assert text == "x" * number
            assert values == ["h", str(number)]
            assert isinstance(error, ResponseError)
        with pytest.raises(NoScriptError):
            await redis.evalsha("0" * 40, 1, "h")
