"""The walk through the rooms: one step after another, each with what it means that it fails."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from local.tools.smoke import cause
from local.tools.smoke.cause import Failed
from local.tools.smoke.options import SmokeOptions
from local.tools.smoke.passes import Passes
from local.tools.smoke.platform import Answer, Platform
from local.tools.smoke.visitor import (
    CHAT,
    HEARTBEAT,
    JOINED,
    LIKE,
    LIKES,
    NOTICE,
    REMOVED,
    SANCTION,
    WELCOME,
    WHO,
    Nothing,
    Object,
    Refused,
    Visitor,
    enter,
)

ALICE, BOB = "smoke-alice", "smoke-bob"
PAUSE_SECONDS = 0.5

Step = tuple[str, Callable[[], Awaitable[str]]]


class Walk:
    """Each step returns what was seen, in words, and raises Failed. Whoever is in the room is sent off by `end`."""

    def __init__(self, options: SmokeOptions, passes: Passes, platform: Platform) -> None:
        self._options = options
        self._passes = passes
        self._platform = platform
        self._text = f"hello {secrets.token_hex(4)}"
        self._visitors: list[Visitor] = []
        self._seq = -1
        self._room = f"/activities/{options.activity_id}"

    def steps(self) -> list[Step]:
        """In the order in which they are taken: each relies on those before it."""
        return [
            ("health", self.health),
            ("stranger", self.stranger),
            ("handshake", self.handshake),
            ("welcome", self.welcome),
            ("second viewer", self.second_viewer),
            ("chat", self.chat),
            ("like", self.like),
            ("heartbeat", self.heartbeat),
            ("who is here", self.who_is_here),
            ("resume", self.resume),
            ("HTTP API", self.http_api),
            ("notice", self.notice),
            ("mute", self.mute),
            ("removal", self.removal),
            ("kick", self.kick),
            ("leaving", self.leaving),
            ("archive", self.archive),
            ("watch time", self.watch_time),
        ]

    async def end(self) -> None:
        """Leave the room."""
        for visitor in self._visitors:
            await visitor.leave()

    async def health(self) -> str:
        """The HTTP API answers, and says that the servers behind the rooms do."""
        answer = await self._platform.call("GET", "/health")
        if answer.get("ok") is not True:
            raise Failed("GET /health answers something else", cause.ADDRESS)
        return "Redis, Kafka and the table answer"

    async def stranger(self) -> str:
        """In token mode nobody comes in without a token."""
        if await self._passes.viewer(self._options.activity_id, ALICE) is None:
            return "not asked: the rooms are open, and let in whoever comes"
        try:
            visitor = await enter(self._options, ALICE, None)
        except Refused as refused:
            if refused.status == 401:
                return "refused without a token"
            raise await self._refused(refused, "without a token") from None
        await visitor.leave()
        raise Failed("a viewer without a token is let in", cause.AUTH)

    async def handshake(self) -> str:
        """A viewer is let in: authorizer, Redis and Kafka."""
        await self._enter(ALICE)
        return "let in"

    async def welcome(self) -> str:
        """The relay reads the room log and reaches connections."""
        try:
            welcome = await self._alice.told_of(WELCOME, "the welcome")
        except Nothing as nothing:
            raise await self._nothing_comes(str(nothing)) from None
        return f"cursor {welcome['cursor']}, a heartbeat each {welcome['heartbeatSeconds']} s"

    async def second_viewer(self) -> str:
        """A second one is welcomed, and the first is told."""
        await self._enter(BOB)
        await self._told(self._bob, WELCOME, "the welcome")
        await self._told(self._alice, JOINED, f"that {BOB} joined", userId=BOB)
        return "welcomed, and the first one is told"

    async def chat(self) -> str:
        """What one says both see."""
        reply = await self._accepted(self._alice, CHAT, "a chat", message=self._text)
        self._seq = int(reply["seq"])
        for visitor in (self._alice, self._bob):
            await self._told(visitor, CHAT, "the chat", seq=self._seq, textMessage=self._text)
        return f"seen by both, seq {self._seq}"

    async def like(self) -> str:
        """Likes add up, and both are told the total."""
        await self._accepted(self._bob, LIKE, "a like", count=3)
        for visitor in (self._alice, self._bob):
            await self._told(visitor, LIKES, "the total of likes", zanNumber=3)
        return "both are told 3"

    async def heartbeat(self) -> str:
        """A heartbeat renews the seat."""
        await self._accepted(self._alice, HEARTBEAT, "a heartbeat")
        return "answered"

    async def who_is_here(self) -> str:
        """Both are on the list."""
        await self._accepted(self._alice, WHO, "who is here")
        people = await self._told(self._alice, WHO, "the list of who is here")
        users = sorted(user["userId"] for user in people["users"])
        if users != [ALICE, BOB]:
            raise Failed(f"the list is {users}", cause.ROOMS)
        return "both are on the list"

    async def resume(self) -> str:
        """Who comes back is told what it has missed."""
        cursor = self._bob.cursor
        await self._bob.leave()
        self._visitors.remove(self._bob)
        missed = await self._accepted(self._alice, CHAT, "a chat", message=f"{self._text} again")
        # The relay keeps it before it shows it, so it can be missed from now on.
        await self._told(self._alice, CHAT, "its own chat", seq=missed["seq"])
        await self._enter(BOB, cursor)
        welcome = await self._told(self._bob, WELCOME, "the welcome")
        told = [said.get("seq") for said in welcome["history"]]
        if welcome["gap"] or missed["seq"] not in told:
            raise Failed(f"resumed from {cursor}, told {told}, gap {welcome['gap']}", cause.ROOMS)
        return "the missed chat came, without a gap"

    async def http_api(self) -> str:
        """The platform sees the room as it is."""
        figures = await self._until(self._room, lambda room: room.get("onlineNumber") == 2, cause.ROOMS)
        await self._platform.call("GET", f"{self._room}/users")
        return f"{figures['onlineNumber']} online, {figures['zanNumber']} likes"

    async def notice(self) -> str:
        """What the platform says both see."""
        name = f"smoke-{secrets.token_hex(4)}"
        await self._platform.call("POST", f"{self._room}/notices", {"name": name, "data": {"ok": True}})
        for visitor in (self._alice, self._bob):
            await self._told(visitor, NOTICE, "the notice", name=name)
        return "seen by both"

    async def mute(self) -> str:
        """Who is muted is told, and cannot chat until it is unmuted."""
        await self._platform.call("PUT", f"{self._room}/mutes/{quote(BOB)}", {"seconds": 60})
        await self._told(self._bob, SANCTION, "that it is muted", action="muted")
        reply = await self._reply(self._bob, CHAT, "a chat of the muted", message="unheard")
        if reply.get("error") != "muted":
            raise Failed(f"a chat of the muted is answered with {reply}", cause.ROOMS)
        await self._platform.call("DELETE", f"{self._room}/mutes/{quote(BOB)}")
        return "told, refused, and unmuted"

    async def removal(self) -> str:
        """A removed chat is taken off the screens."""
        await self._platform.call("DELETE", f"{self._room}/messages/{self._seq}")
        for visitor in (self._alice, self._bob):
            await self._told(visitor, REMOVED, "that the chat is removed", seq=self._seq)
        return "both are told"

    async def kick(self) -> str:
        """The api itself reaches connections, and closes one."""
        if not await self._is_cut_off(self._bob, BOB):
            raise Failed(f"{BOB} was kicked and is still connected", cause.NAT)
        self._visitors.remove(self._bob)
        return "closed by the server"

    async def leaving(self) -> str:
        """Who closes is gone at once: nobody waits for the sweep."""
        await self.end()
        self._visitors.clear()
        await self._until(self._room, lambda room: room.get("onlineNumber") == 0, cause.FUNCTION)
        return "nobody is left, without the sweep"

    async def archive(self) -> str:
        """What was said is stored, also that it was removed."""
        kept = await self._until(f"{self._room}/messages", self._is_kept, cause.ARCHIVE)
        return f"{len(kept['messages'])} messages are stored, the removed one without its text"

    async def watch_time(self) -> str:
        """Watching adds up."""
        watched = await self._until(f"{self._room}/watch-time", _is_watched, cause.ARCHIVE)
        return f"{watched['totalSeconds']:.1f} s by {len(watched['users'])} users"

    @property
    def _alice(self) -> Visitor:
        return next(visitor for visitor in self._visitors if visitor.name == ALICE)

    @property
    def _bob(self) -> Visitor:
        return next(visitor for visitor in self._visitors if visitor.name == BOB)

    def _is_kept(self, page: Answer) -> bool:
        return any(said.get("seq") == self._seq and said.get("removed") for said in page.get("messages", ()))

    async def _enter(self, name: str, since: str = "") -> None:
        token = await self._passes.viewer(self._options.activity_id, name)
        try:
            self._visitors.append(await enter(self._options, name, token, since))
        except Refused as refused:
            raise await self._refused(refused, f"of {name}") from None

    async def _refused(self, refused: Refused, whose: str) -> Failed:
        likely = cause.of_handshake(refused.status, origin=self._options.origin is not None)
        return Failed(f"{refused} {whose}", likely or await self._who_is_away())

    async def _accepted(self, visitor: Visitor, kind: int, what: str, **fields: object) -> Object:
        reply = await self._reply(visitor, kind, what, **fields)
        if reply.get("ok") is True:
            return reply
        said = f"{what} is answered with {reply.get('error')!r}: {reply.get('message')}"
        raise Failed(said, await self._who_is_away() if reply.get("error") == "unavailable" else cause.ROOMS)

    async def _reply(self, visitor: Visitor, kind: int, what: str, **fields: object) -> Object:
        try:
            return await visitor.ask(kind, what, **fields)
        except Nothing as nothing:
            # It is the answer of a two-way route: no other part of the rooms is on its way.
            raise Failed(str(nothing), cause.FUNCTION) from None

    async def _told(self, visitor: Visitor, kind: int, what: str, **fields: object) -> Object:
        try:
            return await visitor.told_of(kind, what, **fields)
        except Nothing as nothing:
            raise await self._nothing_comes(str(nothing)) from None

    async def _nothing_comes(self, what: str) -> Failed:
        """Told apart by the other function that reaches connections on the same way: the api, which can close one."""
        away = await self._who_is_away()
        if away is not cause.TOPIC:
            return Failed(what, away)
        if await self._is_cut_off(self._alice, ALICE):
            return Failed(f"{what}; a kick reaches it", cause.RELAY)
        return Failed(f"{what}; neither does a kick reach it", cause.NAT)

    async def _is_cut_off(self, visitor: Visitor, name: str) -> bool:
        await self._platform.call("DELETE", f"{self._room}/users/{quote(name)}")
        return await visitor.closed() is not None

    async def _who_is_away(self) -> cause.Cause:
        """By the word of the HTTP API; if nobody is, what the servers are asked for is refused."""
        status, answer = await self._platform.ask("GET", "/health")
        return cause.TOPIC if status == 200 else cause.of_http(status, answer)

    async def _until(self, path: str, condition: Callable[[Answer], bool], likely: cause.Cause) -> Answer:
        """What the HTTP API answers, once it answers that; a call that fails is made again as long as there is time."""
        failure: Failed | None = None
        answer: Answer = {}
        try:
            async with asyncio.timeout(self._options.patience):
                while not condition(answer):
                    await asyncio.sleep(PAUSE_SECONDS if answer or failure else 0)
                    try:
                        answer, failure = await self._platform.call("GET", path), None
                    except Failed as failed:
                        failure = failed
        except TimeoutError:
            raise failure or Failed(f"GET {path} still answers {str(answer)[:300]}", likely) from None
        return answer


def _is_watched(answer: Answer) -> bool:
    return float(answer.get("totalSeconds", 0)) > 0
