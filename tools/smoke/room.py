"""The room under test: its viewers and its HTTP API, and what it means that something fails or does not come."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from websockets.exceptions import InvalidStatus

from tools import wrong_address
from tools.json_http import Answer
from tools.objects import Object
from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.options import SmokeOptions
from tools.smoke.platform import Platform
from tools.smoke.viewer import Nothing, Viewer, enter
from tools.token_source import TokenSource, viewer_order

ALICE, BOB, CAROL = "smoke-alice", "smoke-bob", "smoke-carol"
PAUSE_SECONDS = 0.5
# Longer than all steps take at their slowest.
TOKEN_SECONDS = 1800


class RoomUnderTest:
    """A method that waits raises Failed, which names the likely cause."""

    def __init__(self, options: SmokeOptions, source: TokenSource, platform: Platform) -> None:
        self.options = options
        self.platform = platform
        self.path = f"/activities/{options.activity_id}"
        self._source = source
        self.viewers: dict[str, Viewer] = {}

    async def end(self) -> None:
        for name in list(self.viewers):
            await self.leave(name)

    async def token(self, name: str) -> str | None:
        """A viewer's token; None where the rooms ask for none."""
        return await self._source(viewer_order(self.options.activity_id, name, TOKEN_SECONDS))

    async def enter(self, name: str, since: str = "") -> None:
        """Let a viewer in, to resume from the cursor `since`."""
        try:
            self.viewers[name] = await enter(self.options, name, await self.token(name), since)
        except InvalidStatus as refused:
            raise await self.refused(refused, f"of {name}") from None

    async def leave(self, name: str) -> None:
        """Let a viewer close its connection."""
        await self.viewers.pop(name).leave()

    async def is_kicked(self, name: str) -> bool:
        """Kick a viewer; whether that closes its connection."""
        await self.platform.call("DELETE", f"{self.path}/users?userId={quote(name)}")
        return await self.viewers[name].closed() is not None

    async def refused(self, refused: InvalidStatus, whose: str) -> Failed:
        """What it means that a handshake is refused."""
        status = refused.response.status_code
        likely = cause.of_handshake(status, origin=self.options.origin is not None)
        said = f"the handshake is answered with {status} {whose}"
        if likely is cause.ADDRESS:
            said = wrong_address.refused(self.options.url, status, refused.response.headers.get("Location", "")) or said
        return Failed(said, likely or await self._who_is_away())

    async def accepted(self, name: str, kind: int, what: str, /, **fields: object) -> Object:
        """The reply to a frame that is to be accepted."""
        reply = await self.viewers[name].ask(kind, what, **fields)
        if reply.get("ok") is True:
            return reply
        said = f"{what} is answered with {reply.get('error')!r}: {reply.get('message')}"
        raise Failed(said, await self._who_is_away() if reply.get("error") == "unavailable" else cause.ROOMS)

    async def told(self, name: str, kind: int, what: str, /, **fields: object) -> Object:
        """The object with these fields, which the relay is to send to a viewer."""
        try:
            return await self.viewers[name].told_of(kind, what, **fields)
        except Nothing as nothing:
            raise await self._nothing_comes(str(nothing)) from None

    async def until(self, path: str, condition: Callable[[Answer], bool], likely: cause.Cause) -> Answer:
        """What the HTTP API answers, once `condition` holds. A call that fails is made again while there is time."""
        failure: Failed | None = None
        answer: Answer = {}
        try:
            async with asyncio.timeout(self.options.patience):
                while not condition(answer):
                    await asyncio.sleep(PAUSE_SECONDS if answer or failure else 0)
                    try:
                        answer, failure = await self.platform.call("GET", path), None
                    except Failed as failed:
                        failure = failed
        except TimeoutError:
            raise failure or Failed(f"GET {path} still answers {str(answer)[:300]}", likely) from None
        return answer

    async def _nothing_comes(self, what: str) -> Failed:
        """The relay and the api reach connections on the same way out. So a kick through the api tells which is at
        fault: the relay, if the kick closes the connection, or the way out."""
        away = await self._who_is_away()
        if away is not cause.TOPIC:
            return Failed(what, away)
        if await self.is_kicked(ALICE):
            return Failed(f"{what}; a kick reaches it", cause.RELAY)
        return Failed(f"{what}; neither does a kick reach it", cause.NAT)

    async def _who_is_away(self) -> cause.Cause:
        """The server that is away, as the HTTP API says. If all answer, what is asked of Kafka is refused."""
        status, answer = await self.platform.ask("GET", "/health")
        return cause.TOPIC if status == 200 else cause.of_http(status, answer)
