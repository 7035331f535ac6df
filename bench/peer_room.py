"""What a Python user would write instead: a chat room on FastAPI and Redis pub/sub, in one process.

It speaks as much of the protocol as the load's viewers need. It has none of the rest: no identity, no rates, no log, no
archive, no resuming, no seats that expire, and it tells nobody who comes and goes. `python -m bench.peer_room` prints
its address, and ends with its parent.
"""

import asyncio
import json
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis.asyncio import Redis

from local.servers.redis import EmbeddedRedis

# A chat's number and its publishing are one step, so that the numbers arrive in their order.
CHAT = "local seq = redis.call('INCR', KEYS[1]) redis.call('PUBLISH', KEYS[2], ARGV[1] .. seq .. ARGV[2]) return seq"
members: dict[str, set[WebSocket]] = defaultdict(set)
redis: Redis


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    global redis  # noqa: PLW0603  as short as such a program is
    server = EmbeddedRedis()
    await server.start()
    redis = Redis.from_url(server.address, decode_responses=True, max_connections=10_000)
    listening = asyncio.create_task(listen())
    yield
    listening.cancel()
    await server.stop()


async def listen() -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.psubscribe("room:*")
        async for message in pubsub.listen():
            if message["type"] == "pmessage":
                room = [*members[message["channel"]]]
                await asyncio.gather(*(one.send_text(message["data"]) for one in room), return_exceptions=True)


app = FastAPI(lifespan=lifespan)


@app.websocket("/websocket")
async def viewer(client: WebSocket, activityId: str, username: str) -> None:  # noqa: N803  the protocol's names
    await client.accept(subprotocol="live.v1")
    room = f"room:{{{activityId}}}"  # in braces: one slot for all of its keys
    members[room].add(client)
    try:
        online = await redis.incr(f"online:{room}")
        seq, likes = (int(figure or 0) for figure in await redis.mget(f"seq:{room}", f"likes:{room}"))
        welcome = {"messageType": 8, "cursor": f"0.{seq}", "gap": False, "history": [], "heartbeatSeconds": 60}
        await client.send_text(json.dumps([welcome | {"onlineNumber": online, "zanNumber": likes}]))
        while True:
            await answer(client, room, username, json.loads(await client.receive_text()))
    except WebSocketDisconnect:
        pass
    finally:
        members[room].discard(client)
        await redis.decr(f"online:{room}")


async def answer(client: WebSocket, room: str, username: str, frame: dict[str, Any]) -> None:
    if frame["messageType"] == 4:
        shown = {"messageType": 4, "textMessage": frame["message"], "fromusername": username, "id": frame["id"]}
        before, after = json.dumps([shown | {"seq": 0}]).rsplit("0", 1)
        seq = await redis.eval(CHAT, 2, f"seq:{room}", room, before, after)
        await client.send_text(json.dumps([{"messageType": 0, "id": frame["id"], "ok": True, "seq": seq}]))
    elif frame["messageType"] == 6:
        total = await redis.incrby(f"likes:{room}", frame.get("count", 1))
        await redis.publish(room, json.dumps([{"messageType": 6, "zanNumber": total}]))


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws_per_message_deflate=False, lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  uvicorn does not report its start
            await asyncio.sleep(0.01)
        print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


if __name__ == "__main__":
    import uvloop

    with suppress(KeyboardInterrupt):
        uvloop.run(main())
