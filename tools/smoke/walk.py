"""The walk through the rooms: one step after another. Each relies on those before it."""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from websockets.exceptions import InvalidStatus

from functions.rooms.events import CHAT, HEARTBEAT, JOIN, LEAVE, LIKE, NOTICE, PROPERTIES, REMOVED, SANCTION
from functions.rooms.objects import LIKES, WELCOME, WHO_IS_HERE
from tools.json_http import Answer
from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.options import SmokeOptions
from tools.smoke.pages import Site
from tools.smoke.platform import Platform
from tools.smoke.reader import Reader
from tools.smoke.room import ALICE, BOB, CAROL, RoomUnderTest
from tools.smoke.viewer import enter
from tools.token_source import TokenSource

# In the order in which they are taken; each is a method of Walk.
STEPS = (
    *("health", "stranger", "handshake", "welcome", "second viewer", "chat", "like", "heartbeat", "who is here"),
    *("resume", "HTTP API", "properties", "notice", "notice to one", "mute", "removal", "gallery", "kick", "leaving"),
    *("archive", "watch time", "report", "pages"),
)

REASON = "a smoke test"

Step = tuple[str, Callable[[], Awaitable[str]]]


class Walk:
    """Each step returns what was seen, in words, or raises Failed. `end` sends off the viewers that are in the room."""

    def __init__(self, options: SmokeOptions, source: TokenSource, platform: Platform) -> None:
        self._options = options
        self._platform = platform
        self._room = RoomUnderTest(options, source, platform)
        self._path = self._room.path
        self._text = f"hello {secrets.token_hex(4)}"
        self._seq = -1

    def steps(self) -> list[Step]:
        """The steps by their names, in their order."""
        return [(name, getattr(self, name.lower().replace(" ", "_"))) for name in STEPS]

    async def end(self) -> None:
        await self._room.end()

    async def health(self) -> str:
        """The HTTP API answers, and says that the servers behind the rooms do."""
        answer = await self._platform.call("GET", "/health")
        if answer.get("ok") is not True:
            raise Failed("GET /health answers something else", cause.ADDRESS)
        return "Redis, Kafka and the table answer"

    async def stranger(self) -> str:
        """In token mode nobody comes in without a token."""
        if await self._room.token(ALICE) is None:
            return "not asked: the rooms are open, and let in whoever comes"
        try:
            viewer = await enter(self._options, ALICE, None)
        except InvalidStatus as refused:
            if refused.response.status_code == 401:
                return "refused without a token"
            raise await self._room.refused(refused, "without a token") from None
        await viewer.leave()
        raise Failed("a viewer without a token is let in", cause.AUTH)

    async def handshake(self) -> str:
        """Authorizer, Redis and Kafka let a viewer in."""
        await self._room.enter(ALICE)
        return "let in"

    async def welcome(self) -> str:
        """The relay reads the room log and reaches connections."""
        welcome = await self._room.told(ALICE, WELCOME, "the welcome")
        return f"cursor {welcome['cursor']}, a heartbeat each {welcome['heartbeatSeconds']} s"

    async def second_viewer(self) -> str:
        """A second one is welcomed, and the first is told."""
        await self._room.enter(BOB)
        await self._room.told(BOB, WELCOME, "the welcome")
        await self._room.told(ALICE, JOIN, f"that {BOB} joined", userId=BOB)
        return "welcomed, and the first one is told"

    async def chat(self) -> str:
        """Both see what one says."""
        extra = {"smoke": [secrets.token_hex(4)]}
        reply = await self._room.accepted(ALICE, CHAT, "a chat", message=self._text, extra=extra)
        self._seq = int(reply["seq"])
        await self._both(CHAT, "the chat", seq=self._seq, textMessage=self._text, extra=extra)
        return f"seen by both with what is beside it, seq {self._seq}"

    async def like(self) -> str:
        """Likes add up, and both are told the total."""
        await self._room.accepted(BOB, LIKE, "a like", count=3)
        await self._both(LIKES, "the total of likes", zanNumber=3)
        return "both are told 3"

    async def heartbeat(self) -> str:
        await self._room.accepted(ALICE, HEARTBEAT, "a heartbeat")
        return "answered"

    async def who_is_here(self) -> str:
        await self._room.accepted(ALICE, WHO_IS_HERE, "who is here")
        people = await self._room.told(ALICE, WHO_IS_HERE, "the list of who is here")
        users = sorted(user["userId"] for user in people["users"])
        if users != [ALICE, BOB]:
            raise Failed(f"the list is {users}", cause.ROOMS)
        return "both are on the list"

    async def resume(self) -> str:
        """A viewer who comes back is told what it has missed."""
        cursor = self._room.viewers[BOB].cursor
        await self._room.leave(BOB)
        missed = await self._room.accepted(ALICE, CHAT, "a chat", message=f"{self._text} again")
        # The relay keeps a chat before it shows it, so from now on the chat can be missed.
        await self._room.told(ALICE, CHAT, "its own chat", seq=missed["seq"])
        await self._room.enter(BOB, cursor)
        welcome = await self._room.told(BOB, WELCOME, "the welcome")
        told = [said.get("seq") for said in welcome["history"]]
        if welcome["gap"] or missed["seq"] not in told:
            raise Failed(f"resumed from {cursor}, told {told}, gap {welcome['gap']}", cause.ROOMS)
        return "the missed chat came, without a gap"

    async def http_api(self) -> str:
        """The platform sees the room as it is."""
        figures = await self._room.until(self._path, lambda room: room.get("onlineNumber") == 2, cause.ROOMS)
        await self._platform.call("GET", f"{self._path}/users")
        # Neither a platform's token nor a missing name is let in. The route is one of its own in API Gateway.
        admission = await self._platform.call("GET", f"{self._path}/admission")
        if admission.get("admitted") is not False:
            raise Failed(f"nobody in particular would be let in: {admission}", cause.ROOMS)
        return f"{figures['onlineNumber']} online, {figures['zanNumber']} likes"

    async def properties(self) -> str:
        """Both are told what the platform says of the room as it is, and whoever comes is."""
        path, pinned = f"{self._path}/properties", {"smoke": {"pinned": secrets.token_hex(4)}}
        await self._platform.call("PATCH", path, pinned)
        await self._both(PROPERTIES, "the properties", properties=pinned)
        cursor = self._room.viewers[BOB].cursor
        await self._room.leave(BOB)
        await self._room.enter(BOB, cursor)
        welcome = await self._room.told(BOB, WELCOME, "the welcome")
        found, removed = await self._platform.call("GET", path), {"smoke": None}
        if not found == welcome["properties"] == pinned:
            raise Failed(f"the properties are {found}, and the welcome has {welcome['properties']}", cause.ROOMS)
        await self._platform.call("PATCH", path, removed)
        await self._both(PROPERTIES, "that they are removed", properties=removed)
        return "told on change, in the welcome, and removed"

    async def notice(self) -> str:
        """Both see what the platform says."""
        name = f"smoke-{secrets.token_hex(4)}"
        await self._platform.call("POST", f"{self._path}/notices", {"name": name, "data": {"ok": True}})
        await self._both(NOTICE, "the notice", name=name)
        return "seen by both"

    async def notice_to_one(self) -> str:
        """The one whom the platform tells something sees it, and the other does not."""
        name, last = (f"smoke-{secrets.token_hex(4)}" for _ in range(2))
        await self._platform.call("POST", f"{self._path}/notices", {"name": name, "to": BOB})
        await self._platform.call("POST", f"{self._path}/notices", {"name": last})
        await self._room.told(BOB, NOTICE, "the notice to it alone", name=name, to=BOB)
        await self._both(NOTICE, "the notice behind it", name=last)
        if any(said.get("name") == name for said in self._room.viewers[ALICE].told):
            raise Failed(f"{ALICE} is told a notice to {BOB} alone", cause.ROOMS)
        return f"seen by {BOB} alone"

    async def mute(self) -> str:
        """A muted viewer is told why, is listed, and cannot chat until it is unmuted."""
        await self._platform.call("PUT", f"{self._path}/mutes", {"userId": BOB, "seconds": 60, "reason": REASON})
        await self._room.told(BOB, SANCTION, "that it is muted, and why", action="muted", reason=REASON)
        listed = (await self._platform.call("GET", f"{self._path}/sanctions"))["sanctions"]
        if [(one["action"], one["userId"], one["reason"]) for one in listed] != [("muted", BOB, REASON)]:
            raise Failed(f"the list of sanctions is {listed}", cause.ROOMS)
        reply = await self._room.viewers[BOB].ask(CHAT, "a chat of the muted", message="unheard")
        if reply.get("error") != "muted":
            raise Failed(f"a chat of the muted is answered with {reply}", cause.ROOMS)
        await self._platform.call("DELETE", f"{self._path}/mutes?userId={quote(BOB)}")
        return "told, listed, refused, and unmuted"

    async def removal(self) -> str:
        """A removed chat is taken off the screens."""
        await self._platform.call("DELETE", f"{self._path}/messages/{self._seq}")
        await self._both(REMOVED, "that the chat is removed", seq=self._seq)
        return "both are told"

    async def gallery(self) -> str:
        """Where the stage has a gallery, a third viewer reads there what the first one says."""
        token, options = await self._room.token(CAROL), self._options
        reader = Reader(options.api, token, options.activity_id, CAROL, patience=options.patience)
        if not await reader.take():
            return "not asked: the stage has none, and each viewer takes a seat"
        try:
            await self._room.told(ALICE, JOIN, f"that {CAROL} joined", userId=CAROL)
            said = await self._room.accepted(ALICE, CHAT, "a chat", message=f"{self._text} to the gallery")
            way = await reader.read_until("the chat", messageType=CHAT, seq=said["seq"])
        finally:
            await reader.leave()
        await self._room.told(ALICE, LEAVE, f"that {CAROL} left", userId=CAROL)
        return f"a chat is read there, {way}"

    async def kick(self) -> str:
        """The api itself reaches connections, and closes one."""
        if not await self._room.is_kicked(BOB):
            raise Failed(f"{BOB} was kicked and is still connected", cause.NAT)
        await self._room.leave(BOB)
        return "closed by the server"

    async def leaving(self) -> str:
        """A seat is given up when its viewer closes: nobody waits for the sweep."""
        await self._room.end()
        await self._room.until(self._path, lambda room: room.get("onlineNumber") == 0, cause.FUNCTION)
        return "nobody is left, without the sweep"

    async def archive(self) -> str:
        """What was said is stored, and so is the removal."""
        kept = await self._room.until(f"{self._path}/messages", self._is_kept, cause.ARCHIVE)
        return f"{len(kept['messages'])} messages are stored, the removed one without its text"

    async def watch_time(self) -> str:
        path = f"{self._path}/watch-time"
        watched = await self._room.until(path, lambda answer: answer.get("totalSeconds", 0) > 0, cause.ARCHIVE)
        return f"{watched['totalSeconds']:.1f} s by {len(watched['users'])} users"

    async def report(self) -> str:
        """What happened is added up, too."""
        path = f"{self._path}/report"
        counted = await self._room.until(
            path, lambda told: told.get("viewers", 0) >= 2 and told["chats"], cause.ARCHIVE
        )
        return f"{counted['viewers']} viewers, {counted['chats']} chats and {counted['likes']} likes are counted"

    async def pages(self) -> str:
        """Where the stage has pages, they and what they name are there."""
        return await Site(self._options.url).look()

    def _is_kept(self, page: Answer) -> bool:
        return any(said.get("seq") == self._seq and said.get("removed") for said in page.get("messages", ()))

    async def _both(self, kind: int, what: str, **fields: object) -> None:
        for name in (ALICE, BOB):
            await self._room.told(name, kind, what, **fields)
