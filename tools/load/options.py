"""What the load is told on the command line."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, get_args

from functions.rooms.identity import MAX_ACTIVITY_ID, SUBPROTOCOL, Framing
from tools.address import Elsewhere, address, beside
from tools.parser import REGION, Parser, number, one_of, option

Mode = Literal["steady", "storm", "vanish", "slow"]

MOST_ROOMS = 100_000
# The reference room, a second and viewer: 50 chats, 200 likes and 20 joins for 1,000 viewers. It grows no further.
CHATS, LIKES, JOINS = 0.05, 0.2, 0.02
REFERENCE_VIEWERS = 1000
# What the rooms take in from one user, by default.
CHATS_PER_USER, OTHERS_PER_USER, JOINS_PER_USER = 1.0, 2.0, 0.2
SETTLE_SECONDS = 10.0
# A lease of two heartbeats and a sweep, a minute each, and some.
VANISHED_SECONDS = 200.0

_RATE, _SECONDS = number(float, 0, 1e6), number(float, 0, 3600)


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """Rates are per room and second. `tag` is new for each load, so that its users and chats are its own."""

    url: str = option("the rooms", address("ws", "wss"), shown="ws://127.0.0.1:8000/websocket, or at PORT")
    viewers: int = option("of all rooms", number(int, 1, 1e6), 100, metavar="N")
    rooms: int = option("to spread the viewers over", number(int, 1, MOST_ROOMS), 1, metavar="N")
    first_room: int = option("its activityId", number(int, 1, MAX_ACTIVITY_ID), 1, metavar="N", shown="a random one")
    chat_rate: float = option("chats a second in each room", _RATE, 0, shown="1 for 20 viewers, at most 50")
    like_rate: float = option("likes, likewise", _RATE, 0, shown="1 for 5 viewers, at most 200")
    join_rate: float = option("viewers that leave and come back", _RATE, 0, shown="1 for 50 viewers, at most 20")
    seconds: float = option("how long the measured part is", number(float, 0.5, 86400), 30)
    mode: Mode = option(", ".join(get_args(Mode)), one_of(*get_args(Mode)), "steady")
    share: float = option("of the viewers that vanish or are slow", number(float, 0.001, 0.999), 0.2)
    jitter: float = option("of a storm's reconnects, in seconds", _SECONDS, 5, metavar="SECONDS")
    settle: float | None = option("most to wait at the end", _SECONDS, None, metavar="SECONDS", shown="10; vanish: 200")
    connect_rate: float = option("new connections a second", number(float, 0.1, 1e5), 400)
    gallery: int = option("readers in the gallery, beside the viewers", number(int, 0, 1e5), 0, metavar="N")
    api: str = option(
        "its PlatformApiUrl, which readers ask", address("http", "https"), "", shown="/api at the host of --url"
    )
    processes: int = option("to spread the viewers over", number(int, 1, 64), 1, metavar="N")
    framing: Framing = option(" or ".join(get_args(Framing)), one_of(*get_args(Framing)), SUBPROTOCOL)
    secret: str | None = option(
        "of a deployed stage: the secret of its token keys in Secrets Manager", default=None, metavar="ID"
    )
    region: str = option("the secret's", default="us-east-1")
    json: str | None = option("where to write the figures too; - is the standard output", default=None, metavar="FILE")
    tag: str = field(default_factory=lambda: secrets.token_hex(4))

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Invalid options end the program with status 2 and one line."""
        parser = Parser(
            "python -m tools load",
            description="Simulated viewers in rooms of their own: what reaches them, how late, and what does not.",
            epilog="Exit status: 0 all arrived once and in order, 1 it did not, 2 wrong arguments. See docs/load.md.",
        )
        given = parser.given(cls, arguments, environment, REGION)
        if "url" not in given:
            given["url"] = f"ws://{parser.emulator(environment)}/websocket"
        if given.get("gallery"):
            given["api"] = _api(parser, given)
        elif "api" in given:
            parser.error("--api: only the readers of a --gallery ask there")
        options = cls(**{"first_room": secrets.randbelow(MAX_ACTIVITY_ID - MOST_ROOMS) + 1, **given})
        options = replace(options, **{name: rate for name, rate in options._reference().items() if name not in given})
        problem = options.problem()
        if problem is not None:
            parser.error(problem)
        return options

    def _reference(self) -> dict[str, Any]:
        """The rates of the reference room, in proportion."""
        viewers = min(self.room_size, REFERENCE_VIEWERS)
        # Viewers that join would keep the count in motion, and it could not be seen to come right.
        joins = JOINS if self.mode in ("steady", "slow") else 0.0
        rates = {"chat_rate": CHATS, "like_rate": LIKES, "join_rate": joins}
        return {name: round(viewers * rate, 3) for name, rate in rates.items()}

    @property
    def room_size(self) -> int:
        """Viewers of the smallest room."""
        return self.viewers // self.rooms

    @property
    def chosen_per_room(self) -> int:
        """How many of the smallest room's viewers vanish, or are slow."""
        return max(1, round(self.room_size * self.share)) if self.mode in ("vanish", "slow") else 0

    @property
    def speakers(self) -> int:
        """Viewers of all rooms that neither vanish nor are slow."""
        return self.viewers - self.rooms * self.chosen_per_room

    @property
    def settle_seconds(self) -> float:
        """Most to wait at the end."""
        if self.settle is not None:
            return self.settle
        return VANISHED_SECONDS if self.mode == "vanish" else SETTLE_SECONDS

    def problem(self) -> str | None:
        """Why these options do not fit together; None if they do."""
        speakers = self.room_size - self.chosen_per_room
        if self.rooms > self.viewers:
            return f"{self.viewers} viewers cannot fill {self.rooms} rooms"
        if self.processes > self.viewers:
            return f"{self.viewers} viewers cannot be spread over {self.processes} processes"
        if self.first_room + self.rooms - 1 > MAX_ACTIVITY_ID:
            return "--first-room: rooms have numbers up to 9007199254740991"
        if speakers < 1:
            return f"a room has {self.room_size} viewers, too few for --mode {self.mode}"
        if self.mode == "storm" and self.jitter > self.seconds / 2:
            return "--jitter: the storm is in the middle of the run, so it must be at most half of --seconds"
        if self.gallery and self.mode != "steady":
            return f"--gallery: there are no readers with --mode {self.mode}"
        if self.mode == "vanish" and self.join_rate:
            return "--join-rate: the count cannot come right while viewers come and go; leave it out with --mode vanish"
        return self._rate_problem(speakers)

    def _rate_problem(self, speakers: int) -> str | None:
        who = f"the {speakers} viewers of a room that speak"
        for name, rate, each in (
            ("chat", self.chat_rate, CHATS_PER_USER),
            ("like", self.like_rate, OTHERS_PER_USER),
            ("join", self.join_rate, JOINS_PER_USER),
        ):
            if rate > speakers * each:
                return f"--{name}-rate {rate:g}: {who} may do {each:g} a second each, {speakers * each:g} together"
        if self.join_rate * self.rooms > self.connect_rate:
            joins = f"--join-rate {self.join_rate:g} in {self.rooms} rooms"
            return f"{joins} is more than --connect-rate {self.connect_rate:g}"
        return None


def _api(parser: Parser, given: Mapping[str, Any]) -> str:
    try:
        return str(given["api"] if "api" in given else beside(given["url"], "api")).rstrip("/")
    except Elsewhere as host:
        parser.error(f"--api: name the stack's PlatformApiUrl: API Gateway has it at another host than {host}")
