"""However a log is split into batches, and whenever a viewer drops and comes back: each public chat once, or a gap."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.asyncio.cluster import RedisCluster

from bench.memory_log import batch
from functions.adapters.aws.connections import Outcome
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.moderation_state import ModerationState
from functions.handlers import connect, disconnect, relay
from functions.parts import MessageParts
from functions.rooms.events import Chat, Event, Like, Removed, Who
from functions.rooms.payload import Payload
from functions.rooms.removals import KEPT
from functions.rooms.room_view import Posted
from functions.rooms.spans import Span
from functions.usecases.cutter import Cutter
from functions.usecases.fanout import Fanout
from functions.usecases.ticker import Ticker
from tests.functions.adapters.redis import snapshot
from tests.functions.conftest import NOW, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import Plenty
from tests.functions.sparse_state import SparseState

VIEWERS = 3
# So many records fit into a frame: what overload leaves out is told by type 13, which is another story.
MOST = 100


@dataclass
class Viewer:
    """A client. It has seen all that it must up to the seq `upto` of `epoch`; `frames` more and its connection ends.
    The next `stalled` frames do not reach it, and `has_lost` some since the last welcome."""

    number: int
    room: "Room"
    connection: str | None = None
    frames: int = 0
    stalled: int = 0
    has_lost: bool = False
    epoch: str = ""
    upto: int | None = None
    seen: set[int] = field(default_factory=set)
    repeated: int = 0

    @property
    def cursor(self) -> str:
        return "" if self.upto is None else f"{self.epoch}.{self.upto}"

    def read(self, data: bytes) -> Outcome:
        if self.frames == 0:
            self.connection = None
            return Outcome.GONE
        if self.stalled:
            self.stalled, self.has_lost = self.stalled - 1, True
            return Outcome.FAILED
        self.frames -= 1
        said = json.loads(data)
        for one in said if isinstance(said, list) else [said]:
            if one["messageType"] == 8:
                self.enter(one)
            elif one["messageType"] in (4, 10) and "to" not in one:
                self.hear(one["seq"])
        return Outcome.DELIVERED

    def enter(self, welcome: dict[str, Any]) -> None:
        self.epoch, cursor = welcome["cursor"].split(".")
        told = [one["seq"] for one in welcome["history"]]
        assert told == sorted(set(told))
        if welcome["gap"]:
            # Who is new is told of a gap only if its first welcome was lost, and perhaps had come before.
            assert self.upto is not None or self.has_lost
            assert self.has_lost or self.room.may_have_forgotten(self)
        if welcome["gap"] or self.upto is None:
            self.upto = told[0] - 1 if told else int(cursor)
            self.seen.clear()
        for seq in told:
            self.hear(seq)
        self.may_go_to(int(cursor))
        self.has_lost = False

    def hear(self, seq: int) -> None:
        assert self.upto is not None, "a chat before the welcome"
        self.repeated += seq in self.seen
        self.seen.add(seq)
        self.may_go_to(seq)

    def may_go_to(self, seq: int) -> None:
        """Everything up to there has been seen."""
        assert self.upto is not None
        missed = {public for public in self.room.public if self.upto < public <= seq} - self.seen
        assert not missed, f"{self.number} has not seen {missed}"
        self.upto = max(self.upto, seq)


class FlakyState(SparseState):
    """`dies`: the relay is killed before it notes what it has shown."""

    dies = False

    async def after(self, rooms: Sequence[Posted], now: int, spans: Sequence[Span] = ()) -> Any:
        if self.dies:
            raise StateUnavailable("killed")
        return await super().after(rooms, now, spans)


class Room:
    """A room, its log, the slices that read it, each from where it stands, and the viewers."""

    def __init__(
        self, redis: RedisCluster, admin: RedisCluster, parts: MessageParts, log: MemoryLog, slices: int
    ) -> None:
        self._admin, self._parts, self._published = admin, parts, log
        self._moderation = ModerationState(redis)
        self._records: list[Event] = []
        self._seq = self._connections = 0
        self._time = NOW
        self.public: set[int] = set()
        self._said: set[int] = set()  # also what has been removed since
        self._forgot = False
        self._snapshot: snapshot.Snapshot = {}
        self.viewers = [Viewer(number, self) for number in range(VIEWERS)]
        self._positions = [0] * slices
        self._read_up_to: list[dict[str, int]] = [{} for _ in range(slices)]
        self._start = partial(FlakyState, redis, slices=slices, heartbeat_seconds=60)
        self._relays = [self._process(number) for number in range(slices)]

    def _process(self, slice_: int) -> RelayParts:
        state = self._start(slice_=slice_, read_up_to=self._read_up_to[slice_])
        fanout = Fanout(self, Plenty())
        ticker = Ticker(fanout, state, heartbeat_seconds=60, posts_a_tick=16_000, handshake_seconds=())
        return RelayParts(self._parts, state, ticker, Cutter(fanout, self), self._parts.words, self._parts.bans)

    async def kill(self, slice_: int) -> None:
        """The next process of a slice remembers nothing."""
        slice_ %= len(self._relays)
        self._relays[slice_] = self._process(slice_)

    async def prepare(self) -> None:
        pass

    async def delete(self, connection_id: str) -> Outcome:
        raise AssertionError("nobody is cut off")

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        for viewer in self.viewers:
            if viewer.connection == connection_id:
                return viewer.read(payload.data)
        return Outcome.GONE

    def may_have_forgotten(self, viewer: Viewer) -> bool:
        # What does not fit into a welcome is so many POSTs for a classic viewer that it is not told.
        most = KEPT if viewer.number else MOST
        return self._forgot or len([seq for seq in self._said if seq > (viewer.upto or 0)]) > most

    def write(self, *published: Event) -> None:
        """Into the log, with holes: other rooms are in it too."""
        for event in published:
            self._seq += 1 + len(self._records) % 3
            self._records.append(replace(event, seq=self._seq, logged_at=self._time))

    async def say(self, count: int, to: str | None = None) -> None:
        for _ in range(count):
            chat = Chat(activity_id=42, time=NOW, who=Who(user_id="carol"), content="x" * 150, to=to)
            self.write(chat)
            if to is None:
                self.public.add(self._seq)
                self._said.add(self._seq)

    async def remove(self, index: int) -> None:
        if self.public:
            seq = sorted(self.public)[-1 - index % len(self.public)]
            await self._moderation.remove_chat(42, seq)
            self.public.discard(seq)
            self.write(Removed(activity_id=42, time=NOW, data={"seq": seq}))

    async def come(self, number: int, frames: int) -> None:
        """A viewer connects who is not there; it reads so many frames."""
        viewer = self.viewers[number]
        if viewer.connection is None:
            self._connections += 1
            viewer.connection, viewer.frames = f"c{self._connections}", frames
            event = route_event(f"u{number}", viewer.connection, framing="classic" if number == 0 else "live.v1")
            event["queryStringParameters"] = {"since": viewer.cursor}
            assert (await connect.main(event, self._parts))["statusCode"] == 200
            self._hand_over()

    async def drop(self, number: int, politely: bool) -> None:
        viewer = self.viewers[number]
        connection, viewer.connection = viewer.connection, None
        if connection and politely:
            await disconnect.main(route_event(f"u{number}", connection), self._parts)
            self._hand_over()

    async def stall(self, number: int, frames: int) -> None:
        """The next frames to a viewer find a full buffer, or no answer."""
        self.viewers[number].stalled = frames

    def _hand_over(self) -> None:
        self.write(*self._published.live)
        self._published.live.clear()

    async def tick(self, slice_: int, count: int, dies: bool = False) -> None:
        """A slice brings the next records; if it dies they come again."""
        slice_ %= len(self._relays)
        records = self._records[self._positions[slice_] :][:count]
        if not records:
            return
        state = self._relays[slice_].rooms
        assert isinstance(state, FlakyState)
        state.dies = dies
        had_lost = [viewer for viewer in self.viewers if viewer.has_lost]
        try:
            await relay.main(batch(records), self._relays[slice_])
            self._positions[slice_] += len(records)
        except StateUnavailable:
            assert dies
            # Nobody has noted that they were told of the gap, so they are told again.
            for viewer in had_lost:
                viewer.has_lost = True
        self._hand_over()

    async def keep_snapshot(self) -> None:
        self._snapshot = await snapshot.take(self._admin, "*")

    async def roll_back(self, node: str = "") -> None:
        """Redis loses what was written since the snapshot, if there is one, and nobody's connection lasts. If only one
        `node` loses it, that is the keys which begin like this."""
        if self._snapshot:
            kept = {key: value for key, value in self._snapshot.items() if key.startswith(node)}
            await snapshot.roll_back(self._admin, kept, f"{node}*")
            self._snapshot = {}
            await self._everybody_drops()

    async def lose_redis(self) -> None:
        await snapshot.lose_all(self._admin)
        await self._everybody_drops()

    async def lose_log(self) -> None:
        """It begins anew, a minute later."""
        self._snapshot = {}
        self._records, self._seq, self.public = [], 0, set()
        self._positions = [0] * len(self._positions)
        for read_up_to in self._read_up_to:
            read_up_to.clear()
        self._time += 60_000
        await self._everybody_drops()

    async def _everybody_drops(self) -> None:
        self._forgot = True
        for viewer in self.viewers:
            viewer.connection = None

    async def end(self) -> None:
        """Everybody comes back and reads all there is."""
        for viewer in self.viewers:
            viewer.frames, viewer.stalled = 1_000_000, 0
            await self.come(viewer.number, 1_000_000)
        while any(position < len(self._records) for position in self._positions):
            for slice_ in range(len(self._positions)):
                await self.tick(slice_, MOST)
        # Who lost frames of its last tick gets them with the next one.
        self.write(Like(activity_id=42, time=NOW))
        for slice_ in range(len(self._positions)):
            await self.tick(slice_, MOST)
        for viewer in self.viewers:
            viewer.may_go_to(self._seq)


OPERATIONS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from([1, 2, 3, 8, 30, 200])),
    st.tuples(st.just("say"), st.just(1), st.just("u1")),
    st.tuples(st.just("come"), st.integers(0, VIEWERS - 1), st.sampled_from([1, 2, 3, 1000])),
    st.tuples(st.just("drop"), st.integers(0, VIEWERS - 1), st.booleans()),
    st.tuples(st.just("tick"), st.integers(0, 2), st.sampled_from([1, 2, 5, 20, MOST])),
    st.tuples(st.just("tick"), st.integers(0, 2), st.sampled_from([3, MOST]), st.just(True)),
    st.tuples(st.just("kill"), st.integers(0, 2)),
    st.tuples(st.just("remove"), st.integers(0, 50)),
    st.tuples(st.just("stall"), st.integers(0, VIEWERS - 1), st.sampled_from([1, 2, 5])),
)
LOSSES = st.sampled_from(
    [("lose_redis",), ("lose_log",), ("keep_snapshot",), *[("roll_back", node) for node in ("", "room:", "log:")]]
)
# Somebody stays, and the frames of one tick are lost.
COMES = [("come", 1, 1000), ("tick", 0, MOST)]
LOST_FRAME = [*COMES, ("say", 3), ("stall", 1, 1), ("tick", 0, 2), ("say", 1), ("tick", 0, MOST)]
LOST_PRIVATE = [*COMES, ("say", 1, "u1"), ("stall", 1, 5), ("tick", 0, MOST), ("say", 1), ("tick", 0, MOST)]
# A relay dies before it can note that somebody is welcome, and the welcome that comes again is lost.
LOST_WELCOME = [("say", 1), ("say", 1), ("say", 1), ("say", 30), ("come", 2, 2), ("tick", 0, 3, True), ("stall", 2, 1)]
LOST_WELCOME += [("tick", 0, MOST)]
# The first welcome is lost, and the relay dies before it can note the second, which tells of a gap.
LOST_WELCOME_TOLD_TWICE = [*3 * [("say", 1)], ("remove", 0), ("come", 2, 1), ("stall", 2, 1), ("tick", 0, 5)]
LOST_WELCOME_TOLD_TWICE += [("tick", 0, 3, True)]
# Chats that were shown and are lost with a failover; nobody was there to see the others.
FAILOVER = [
    *COMES,
    ("say", 2),
    ("tick", 0, MOST),
    ("keep_snapshot",),
    ("say", 1),
    ("tick", 0, MOST),
    ("drop", 1, False),
]
FAILOVER += [("say", 3), ("tick", 0, MOST), ("roll_back",), ("say", 1), ("tick", 0, MOST)]
# Nobody remembers what was shown of that, since the relay's process ends as well.
FAILOVER_AND_END = [*FAILOVER[:-3], ("kill", 0), *FAILOVER[-3:]]
EXAMPLES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def live(
    redis: RedisCluster, admin: RedisCluster, parts: MessageParts, log: MemoryLog, slices: int, story: Sequence[Any]
) -> Room:
    await snapshot.lose_all(redis)
    log.live.clear()
    log.saved.clear()
    room = Room(redis, admin, parts, log, slices)
    print(slices, story)
    await room.come(0, frames=0)  # a log begins with somebody who comes
    for what, *arguments in story:
        await getattr(room, what)(*arguments)
    await room.end()
    return room


@EXAMPLES
@example(1, LOST_FRAME)
@example(1, LOST_PRIVATE)
@example(1, LOST_WELCOME)
@example(1, LOST_WELCOME_TOLD_TWICE)
@given(st.integers(1, 3), st.lists(OPERATIONS, min_size=8, max_size=50))
async def test_every_public_chat_is_seen_and_no_gap_is_told_for_nothing(
    redis: RedisCluster, admin: RedisCluster, parts: MessageParts, log: MemoryLog, slices: int, story: list[Any]
) -> None:
    room = await live(redis, admin, parts, log, slices, story)
    if slices == 1 and not any(len(operation) == 4 or operation[0] == "stall" for operation in story):
        assert [viewer.repeated for viewer in room.viewers] == [0] * VIEWERS


@EXAMPLES
@example(1, FAILOVER)
@example(1, FAILOVER_AND_END)
@example(1, [*FAILOVER_AND_END[:-3], ("roll_back", "room:"), *FAILOVER_AND_END[-2:]])
@given(st.integers(1, 3), st.lists(OPERATIONS | LOSSES, min_size=8, max_size=50))
async def test_what_is_lost_with_the_state_or_the_log_is_a_gap_and_never_a_silent_hole(
    redis: RedisCluster, admin: RedisCluster, parts: MessageParts, log: MemoryLog, slices: int, story: list[Any]
) -> None:
    await live(redis, admin, parts, log, slices, story)
