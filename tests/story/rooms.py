"""The emulator with everything in it, and how viewers come to its rooms."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local.app import Emulator
from local.options import Options
from tests.story.viewer import LIKES, PATIENCE, WELCOME, Viewer

# Nobody in a story meets a limit, unless the story is about that.
_BUCKETS = ("CHAT", "OTHER", "JOIN")
GENEROUS = {f"{bucket}_{rate}": "100000" for bucket in _BUCKETS for rate in ("BURST", "PER_SECOND")} | {
    "SEATS_PER_USER": "100000",
    "FLOOD_REFUSALS": "100000",
}


@dataclass(frozen=True)
class Servers:
    """Where Redis, Kafka and moto are; without a moto the emulator brings one."""

    redis_url: str
    kafka_bootstrap: str
    aws_endpoint: str = ""


class Rooms:
    """The rooms behind one address, host:port. Viewers still there at the end are sent off."""

    def __init__(self, address: str, stack: AsyncExitStack) -> None:
        self.address = address
        self.http = httpx.AsyncClient(base_url=f"http://{address}", trust_env=False, timeout=PATIENCE)
        self._stack = stack
        stack.push_async_callback(self.http.aclose)

    async def enter(self, activity: int, name: str, *, classic: bool = False, **query: str) -> Viewer:
        """A viewer who has been welcomed; `query` is added to the address."""
        parameters = urlencode({"activityId": activity, "username": name, **query})
        return await self.enter_by(f"/websocket?{parameters}", name, classic=classic)

    async def enter_by(self, path: str, name: str, *, classic: bool = False) -> Viewer:
        """As `enter`, by an address of one's own."""
        connection = await connect(
            f"ws://{self.address}{path}",
            subprotocols=None if classic else ["live.v1"],  # type: ignore[list-item]  # a NewType of str
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        viewer = Viewer(connection, name)
        self._stack.push_async_callback(viewer.leave)
        await viewer.told_of(WELCOME)
        if classic:
            await viewer.told_of(LIKES)
        return viewer

    async def refusal(self, path: str) -> int:
        """The status with which a handshake is refused; 101 when it is not."""
        try:
            async with connect(f"ws://{self.address}{path}", compression=None, proxy=None):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    async def token(self, activity: int | None, user: str, **order: Any) -> str:
        """A token as `python -m tools token` gets it, in token mode; `activity` None: a platform's."""
        asked = {"activityId": activity, "userId": user, "name": user, **order}
        response = await self.http.post("/_local/token", json=asked)
        assert response.status_code == 200, response.text
        return str(response.json()["token"])

    async def enter_by_token(self, activity: int, user: str, *, classic: bool = False, **order: Any) -> Viewer:
        """As `enter`, in token mode; `order` says what the token is for."""
        token = await self.token(activity, user, **order)
        return await self.enter(activity, user, classic=classic, token=token)

    async def figures(self, activity: int) -> dict[str, Any]:
        """What the HTTP API tells of a room."""
        response = await self.http.get(f"/api/activities/{activity}")
        assert response.status_code == 200, response.text
        figures: dict[str, Any] = response.json()
        return figures

    async def figures_become(self, activity: int, **expected: object) -> None:
        """Return once the HTTP API tells these figures of a room."""
        figures: dict[str, Any] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while not expected.items() <= figures.items():
                    figures = await self.figures(activity)
        except TimeoutError:
            raise AssertionError(f"the room still has {figures}, not {expected}") from None


@asynccontextmanager
async def running(
    servers: Servers, *, environment: Mapping[str, str] = GENEROUS, window_ms: int = 50, **options: Any
) -> AsyncIterator[Rooms]:
    """An emulator on a free port; `options` as Options has them, `environment` as Settings."""
    chosen = Options(
        port=0,
        redis_url=servers.redis_url,
        kafka_bootstrap=servers.kafka_bootstrap,
        aws_endpoint=servers.aws_endpoint,
        window_ms=window_ms,
        **options,
    )
    async with Emulator(chosen, environment) as emulator, rooms_at(emulator.address) as rooms:
        yield rooms


@asynccontextmanager
async def rooms_at(address: str) -> AsyncIterator[Rooms]:
    """Those of an emulator that is up at host:port."""
    async with AsyncExitStack() as stack:
        yield Rooms(address, stack)
