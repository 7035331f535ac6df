"""What the load is told on the command line."""

import argparse
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

from local.number import number
from local.parser import Parser
from local.tools.load.handshake import Address, BadAddress

Mode = Literal["steady", "storm", "vanish", "slow"]
Framing = Literal["live.v1", "classic"]

MOST_ROOMS = 100_000
LAST_ROOM = 2**53 - 1
# The reference room, a second and viewer: 50 chats, 200 likes and 20 joins for 1,000 viewers. It grows no further.
CHATS, LIKES, JOINS = 0.05, 0.2, 0.02
REFERENCE_VIEWERS = 1000
# What the rooms take in from one user, by default.
CHATS_PER_USER, OTHERS_PER_USER = 1.0, 2.0
SETTLE_SECONDS = 10.0
# A lease of two heartbeats and a sweep, a minute each, and some.
VANISHED_SECONDS = 200.0
# A viewer who leaves needs a second or so to be welcomed again.
JOINS_PER_USER = 0.5


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """Rates are per room and second. `tag` is new for each load, so that its users and chats are its own."""

    url: str
    viewers: int = 100
    rooms: int = 1
    first_room: int = 1
    chat_rate: float = 0.0
    like_rate: float = 0.0
    join_rate: float = 0.0
    seconds: float = 30.0
    mode: Mode = "steady"
    share: float = 0.2
    jitter: float = 5.0
    settle: float | None = None
    connect_rate: float = 400.0
    processes: int = 1
    framing: Framing = "live.v1"
    secret: str | None = None
    region: str = "us-east-1"
    json: str | None = None
    tag: str = field(default_factory=lambda: secrets.token_hex(4))

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Self:
        """What is wrong ends the program with status 2 and a line that says so."""
        parser = _parser()
        given = vars(parser.parse_args(arguments))
        given["url"] = given["url"] or f"ws://{parser.emulator(environment)}/websocket"
        size = given["viewers"] // given["rooms"]
        proportional = min(size, REFERENCE_VIEWERS)
        # A count that is to come right again must not be kept in motion.
        joins = JOINS if given["mode"] in ("steady", "slow") else 0.0
        for name, rate in (("chat_rate", CHATS), ("like_rate", LIKES), ("join_rate", joins)):
            if given[name] is None:
                given[name] = round(proportional * rate, 3)
        if given["first_room"] is None:
            given["first_room"] = secrets.randbelow(LAST_ROOM - MOST_ROOMS) + 1
        options = cls(**given)
        problem = options.problem()
        if problem is not None:
            parser.error(problem)
        return options

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
        """Why these options cannot be meant together; None if they can."""
        speakers = self.room_size - self.chosen_per_room
        if self.rooms > self.viewers:
            return f"{self.viewers} viewers cannot fill {self.rooms} rooms"
        if self.processes > self.viewers:
            return f"{self.viewers} viewers cannot be spread over {self.processes} processes"
        if self.first_room + self.rooms - 1 > LAST_ROOM:
            return "--first-room: rooms have numbers up to 9007199254740991"
        if speakers < 1:
            return f"a room has {self.room_size} viewers, too few for --mode {self.mode}"
        if self.mode == "storm" and self.jitter > self.seconds / 2:
            return "--jitter: the storm is in the middle of the run, so it must be at most half of --seconds"
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


def _address(text: str) -> str:
    try:
        Address.parse(text)
    except BadAddress as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _parser() -> Parser:
    parser = Parser(
        "python -m local load",
        description="Simulated viewers in rooms of their own: what reaches them, how late, and what does not.",
        epilog="Exit status: 0 all arrived once and in order, 1 it did not, 2 wrong arguments. See docs/load.md.",
    )
    add = parser.add_argument
    rate = number(float, 0, 1e6)
    add("--url", type=_address, help="the rooms (default: ws://127.0.0.1:8000/websocket, or at PORT)")
    add("--viewers", type=number(int, 1, 1e6), default=100, metavar="N", help="of all rooms (default: 100)")
    add("--rooms", type=number(int, 1, MOST_ROOMS), default=1, metavar="N", help="(default: 1)")
    add("--first-room", type=number(int, 1, LAST_ROOM), metavar="N", help="its activityId (default: a random one)")
    add(
        "--chat-rate",
        type=rate,
        metavar="R",
        help="chats a second in each room (default: 1 for 20 viewers, at most 50)",
    )
    add("--like-rate", type=rate, metavar="R", help="likes, likewise (default: 1 for 5 viewers, at most 200)")
    add("--join-rate", type=rate, metavar="R", help="viewers that leave and come back (default: 1 for 50, at most 20)")
    add("--seconds", type=number(float, 0.5, 86400), default=30.0, metavar="S", help="(default: 30)")
    add("--mode", choices=get_args(Mode), default="steady", help="(default: steady)")
    add(
        "--share",
        type=number(float, 0.001, 0.999),
        default=0.2,
        metavar="X",
        help="that vanish or are slow (default: 0.2)",
    )
    add("--jitter", type=number(float, 0, 3600), default=5.0, metavar="S", help="of a storm's reconnects (default: 5)")
    add("--settle", type=number(float, 0, 3600), metavar="S", help="most to wait at the end (default: 10; vanish: 200)")
    add("--connect-rate", type=number(float, 0.1, 1e5), default=400.0, metavar="R", help="a second (default: 400)")
    add("--processes", type=number(int, 1, 64), default=1, metavar="N", help="to spread the viewers over (default: 1)")
    add("--framing", choices=get_args(Framing), default="live.v1", help="(default: live.v1)")
    add("--secret", metavar="ID", help="of a deployed stage: the secret of its token keys in Secrets Manager")
    add("--region", default="us-east-1", help="the secret's (default: %(default)s)")
    add("--json", metavar="FILE", help="where to write the figures too; - is the standard output")
    return parser
