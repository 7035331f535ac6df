import asyncio
import socket

from local.servers.given import answered


async def test_a_server_that_is_still_starting_is_waited_for() -> None:
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        waiting = asyncio.create_task(answered(f"127.0.0.1:{late.getsockname()[1]}", "REDIS_URL"))
        done, _ = await asyncio.wait([waiting], timeout=0)
        assert not done
        late.listen()
        await waiting
