import asyncio
import base64
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.adapters.aws.failure_queue import FailureQueue, QueueUnavailable
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.table import Table
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.handlers import archive
from functions.handlers.archive import Incomplete
from functions.manifest import needs_of
from functions.rooms import events
from functions.rooms.archive import MINUTE_MS, place
from functions.rooms.deeds import Deed
from functions.rooms.erasure import NONE, Erasures
from functions.rooms.events import Event
from functions.runtime.settings import Settings, SettingsError
from functions.usecases import archiver
from functions.usecases.archiver import Archiver
from functions.usecases.erasures import KnownErasures
from functions.usecases.overwrites import Overwrites
from functions.usecases.repeats import Repeats
from tests.functions.made import event
from tests.functions.memory_table import POISON, Fault, Killed, MemoryTable
from tests.functions.tables import api, archive_parts, make_table

NOW = 1_700_000_000_000
SAVE = "save"


class MemoryTotals(WatchTotals):
    """Watch time by (room, user) and offset, and the offsets of each room's deeds; `is_away` adds nothing of some."""

    def __init__(self) -> None:
        super().__init__(MemoryTable(), "rooms")
        self.added: dict[tuple[int, str], dict[int, int]] = {}
        self.deeds: dict[int, set[int]] = {}
        self.is_away: Callable[[], bool] = lambda: False

    async def add(self, deeds: Sequence[Deed], erasures: Erasures = NONE) -> list[Deed]:
        missing = [deed for deed in deeds if self.is_away()]
        for deed in deeds:
            if deed not in missing:
                self.deeds.setdefault(deed.activity_id, set()).add(deed.offset)
                if deed.credit:
                    self.added.setdefault((deed.activity_id, deed.user_id), {})[deed.offset] = deed.credit.earned
        return missing


class MemoryQueue(FailureQueue):
    """Where broken records are, and why; `is_away` makes it fail."""

    def __init__(self) -> None:
        super().__init__(lambda: None, "")
        self.taken: list[tuple[str, int, int, str, bytes]] = []
        self.is_away: Callable[[], bool] = lambda: False

    async def put(self, *, topic: str, partition: int, offset: int, cause: str, value: bytes) -> None:
        if self.is_away():
            raise QueueUnavailable("away")
        self.taken.append((topic, partition, offset, cause, value))

    @property
    def offsets(self) -> list[int]:
        return [offset for _, _, offset, _, _ in self.taken]


class World:
    """The archive and what it writes to."""

    def __init__(self, *, partial_responses: bool = True) -> None:
        self.memory = MemoryTable()
        # The list of erasures, which is of one table with the rest.
        self.erased = MemoryTable()
        self.totals = MemoryTotals()
        self.queue = MemoryQueue()
        self.partial_responses = partial_responses
        self.restart()

    def restart(self) -> None:
        """A new process, which remembers nothing."""
        table = ArchiveTable(self.memory, "rooms", pauses=three)
        self.parts = Archiver(
            table=table,
            repeats=Repeats(table, pauses=three),
            overwrites=Overwrites(table, pauses=three),
            erasures=KnownErasures(ErasureList(Table(self.erased, "rooms"))),
            totals=self.totals,
            queue=self.queue,
            days=400,
            partial_responses=self.partial_responses,
        )

    @property
    def stored(self) -> list[tuple[str, str]]:
        return sorted(self.memory.items)


def three(deadline: float) -> Iterator[float]:
    return itertools.repeat(0.0, 3)


def chat(seq: int | None, activity_id: int = 42, **fields: Any) -> Event:
    plain: dict[str, Any] = {"activity_id": activity_id, "user_id": "alice", "username": "Alice", "seq": seq}
    return event(**(plain | {"content": f"chat {seq}"} | fields))


def batch(**partitions: list[tuple[int, Event | bytes]]) -> dict[str, Any]:
    """A Kafka event of (offset, event) by partition: `p3` is save-3."""
    records = {
        f"{SAVE}-{name[1:]}": [
            {
                "topic": SAVE,
                "partition": int(name[1:]),
                "offset": offset,
                "timestamp": NOW,
                "timestampType": "CREATE_TIME",
                "value": base64.b64encode(one.to_record() if isinstance(one, Event) else one).decode(),
                "headers": [],
            }
            for offset, one in held
        ]
        for name, held in partitions.items()
    }
    return {"eventSource": "aws:kafka", "records": records}


def failures(**partitions: int) -> dict[str, Any]:
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": f"{SAVE}-{name[1:]}", "offset": offset}}
            for name, offset in partitions.items()
        ]
    }


async def test_what_happened_is_stored_and_nothing_comes_again() -> None:
    world = World()
    heartbeat = chat(None, type=events.HEARTBEAT, watch_seconds=60)
    leave = chat(2, type=events.LEAVE, watch_seconds=1.5)
    done = await archive.main(batch(p3=[(70, chat(1)), (71, heartbeat), (72, leave)]), world.parts)
    assert done == failures()
    assert world.stored == [("room#42", place("e", 2)), ("room#42", place("m", 1))]
    assert world.totals.added == {(42, "alice"): {71: 60_000, 72: 1_500}}


async def test_a_chat_that_the_log_has_twice_is_stored_once_in_one_batch_in_two_and_after_a_restart() -> None:
    one, other = chat(1, client_id="c1", time=NOW), chat(2, client_id="c1", time=NOW + 299_000)
    for restarts in (False, True):
        world = World()
        assert await archive.main(batch(p3=[(70, one), (71, other)]), world.parts) == failures()
        assert await archive.main(batch(p3=[(71, other), (72, other)]), world.parts) == failures()
        if restarts:
            world.restart()
        assert await archive.main(batch(p3=[(73, other), (74, one), (75, other)]), world.parts) == failures()
        assert world.stored == [("room#42", place("m", 1))]
        assert world.memory.calls.count("Query") == (6 if restarts else 3)


async def test_what_is_no_repeat_is_stored() -> None:
    world = World()
    said = [
        chat(1, client_id="c1", time=NOW),
        chat(2, client_id="c2", time=NOW),
        chat(3, client_id="c1", time=NOW, user_id="bob"),
        chat(4, client_id="c1", time=NOW, activity_id=43),
        chat(5, client_id="c1", time=NOW + 300_001),
        chat(6, time=NOW),
        chat(7, time=NOW),
        chat(8, client_id="c1", time=NOW, type=events.JOIN),
    ]
    assert await archive.main(batch(p3=list(enumerate(said))), world.parts) == failures()
    assert len(world.stored) == len(said)


async def test_a_removal_that_the_log_has_twice_is_stored_once_with_its_mark() -> None:
    world = World()
    removals = [chat(seq, client_id="r1", type=events.REMOVED, data={"seq": 1}) for seq in (8, 9)]
    for record in enumerate(removals):
        assert await archive.main(batch(p3=[record]), world.parts) == failures()
        world.restart()
    assert world.stored == [("room#42", place(kind, number)) for kind, number in (("a", 8), ("e", 8), ("x", 1))]


async def test_records_without_an_id_cost_no_query() -> None:
    world = World()
    await archive.main(batch(p3=[(70, chat(1)), (71, event(events.LIKE, likes=5, client_id="x"))]), world.parts)
    assert "Query" not in world.memory.calls


async def test_a_room_that_cannot_be_looked_up_comes_again_and_other_records_are_stored() -> None:
    world = World()
    world.memory.fault = lambda: "throttled" if world.memory.calls[-1] == "Query" else None
    raw = batch(p3=[(70, chat(1)), (71, chat(2, client_id="c1")), (72, chat(3))])
    assert await archive.main(raw, world.parts) == failures(p3=71)
    assert world.stored == [("room#42", place("m", 1)), ("room#42", place("m", 3))]
    # A sum that has counted 72 would never count 71.
    assert world.totals.deeds == {42: {70}}
    world.memory.fault = lambda: None
    assert await archive.main(batch(p3=[(71, chat(2, client_id="c1")), (72, chat(3))]), world.parts) == failures()
    assert [sk for _, sk in world.stored] == [place("m", seq) for seq in (1, 2, 3)]
    assert world.totals.deeds == {42: {70, 71, 72}}


async def test_what_is_left_out_or_refused_is_in_no_sum() -> None:
    world = World()
    said: list[tuple[int, Event | bytes]] = [
        (70, chat(1, client_id="c1", time=NOW)),
        (71, chat(2, client_id="c1", time=NOW)),  # the same frame under another seq
        (72, chat(1, client_id="c1", time=NOW)),  # saved again
        (73, chat(1, time=NOW + 1, user_id="bob")),  # of another log
        (74, chat(3, time=NOW)),
    ]
    for _ in range(2):
        assert await archive.main(batch(p3=said), world.parts) == failures()
        assert world.totals.deeds == {42: {70, 74}}
        world.restart()
    assert world.stored == [("room#42", place("m", 1)), ("room#42", place("m", 3))]


async def test_a_partition_that_another_process_has_read_meanwhile_is_looked_up_again() -> None:
    world = World()
    await archive.main(batch(p3=[(70, chat(1, client_id="c1"))]), world.parts)
    mine = world.parts
    world.restart()
    await archive.main(batch(p3=[(71, chat(2, client_id="c2"))]), world.parts)
    await archive.main(batch(p3=[(72, chat(3, client_id="c2"))]), mine)
    assert [sk for _, sk in world.stored] == [place("m", 1), place("m", 2)]


async def test_a_record_whose_seq_another_one_has_is_set_aside_and_what_is_there_stays() -> None:
    world = World()
    await archive.main(
        batch(p0=[(70, chat(1, content="first", time=1000)), (71, chat(2, content="second", time=2000))]), world.parts
    )
    before = dict(world.memory.items)
    # The live topic was made anew: it gives the offsets of old chats to new ones.
    again = batch(p0=[(72, chat(1, content="new", time=9000)), (73, chat(3, content="third", time=9500))])
    for restarted in (False, True):
        if restarted:
            world.restart()
        assert await archive.main(again, world.parts) == failures()
        assert before.items() <= world.memory.items.items()
        assert [seq for _, seq in world.stored] == ["m#0000000000000001", "m#0000000000000002", "m#0000000000000003"]
    assert len(world.queue.taken) == 2
    # Redelivery of what is stored changes nothing, and sets nothing aside.
    await archive.main(batch(p0=[(70, chat(1, content="first", time=1000))]), world.parts)
    assert len(world.queue.taken) == 2


async def test_the_first_offset_of_each_partition_that_is_not_stored_comes_again() -> None:
    world = World()
    world.memory.fault = lambda: "throttled"
    raw = batch(p3=[(70, b"{"), (71, chat(1)), (72, chat(2)), (73, b"[")], p5=[(7, chat(8, 43))], p6=[(80, b"{")])
    assert await archive.main(raw, world.parts) == failures(p3=71, p5=7)
    assert sorted(world.queue.offsets) == [70, 80]  # 73 comes again


async def test_watch_time_that_was_not_added_comes_again() -> None:
    world = World()
    answers = iter([False, False, True, False])
    world.totals.is_away = lambda: next(answers)
    heartbeats = [chat(None, type=events.HEARTBEAT, user_id=user, watch_seconds=60) for user in ("a", "b")]
    raw = batch(p3=[(70, chat(1)), (71, heartbeats[0]), (72, heartbeats[1]), (73, chat(2))])
    assert await archive.main(raw, world.parts) == failures(p3=72)


async def test_where_the_mapping_takes_no_answer_the_whole_batch_comes_again() -> None:
    world = World(partial_responses=False)
    world.memory.fault = lambda: "throttled"
    with pytest.raises(Incomplete, match="'save-3': 71"):
        await archive.main(batch(p3=[(70, b"{"), (71, chat(1))]), world.parts)
    assert world.queue.offsets == []
    world.memory.fault = lambda: None
    assert await archive.main(batch(p3=[(70, b"{"), (71, chat(1))]), world.parts) == failures()
    assert world.queue.offsets == [70]


async def test_a_broken_record_is_set_aside_with_its_cause_and_the_rest_is_stored() -> None:
    world = World()
    done = await archive.main(batch(p3=[(70, chat(1)), (71, b"\xff"), (72, chat(2))]), world.parts)
    assert done == failures()
    assert world.queue.taken == [(SAVE, 3, 71, "the value is not UTF-8 JSON", b"\xff")]
    assert [sk for _, sk in world.stored] == [place("m", 1), place("m", 2)]


async def test_a_record_that_dynamodb_refuses_is_set_aside_with_its_cause() -> None:
    world = World()
    done = await archive.main(batch(p3=[(70, chat(1)), (71, chat(2, content=POISON)), (72, chat(3))]), world.parts)
    assert done == failures()
    assert world.queue.offsets == [71]
    assert "ValidationException" in world.queue.taken[0][3]
    assert [sk for _, sk in world.stored] == [place("m", 1), place("m", 3)]


async def test_where_the_table_has_other_keys_nothing_is_set_aside_for_it() -> None:
    world = World()
    world.memory.has_other_keys = True
    assert await archive.main(batch(p3=[(70, chat(1)), (71, b"{"), (72, chat(2))]), world.parts) == failures(p3=70)
    assert world.queue.offsets == []
    world.memory.has_other_keys = False
    assert await archive.main(batch(p3=[(70, chat(1)), (71, b"{"), (72, chat(2))]), world.parts) == failures()
    assert (world.queue.offsets, len(world.stored)) == ([71], 2)


async def test_watch_time_that_nobody_can_have_earned_is_set_aside() -> None:
    world = World()
    heartbeat = chat(None, type=events.HEARTBEAT, watch_seconds=-1)
    await archive.main(batch(p3=[(70, heartbeat)]), world.parts)
    assert (world.queue.offsets, world.totals.added) == ([70], {})


async def test_a_broken_record_comes_again_until_the_queue_takes_it() -> None:
    world = World()
    world.queue.is_away = lambda: True
    raw = batch(p3=[(70, chat(1)), (71, b"{"), (72, b"["), (73, chat(2))])
    assert await archive.main(raw, world.parts) == failures(p3=71)
    world.queue.is_away = lambda: False
    assert await archive.main(raw, world.parts) == failures()
    assert sorted(world.queue.offsets) == [71, 72]


async def test_what_the_queue_has_not_taken_in_time_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(MemoryQueue):
        async def put(self, **record: Any) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(archiver, "QUEUE_SECONDS", 0.01)
    parts = replace(World().parts, queue=Slow())
    assert await archive.main(batch(p3=[(70, b"{"), (71, chat(1))]), parts) == failures(p3=70)


async def test_without_the_list_of_erasures_nothing_is_stored_and_all_comes_again() -> None:
    world = World()
    world.erased.fault = lambda: "throttled"
    records: list[tuple[int, Event | bytes]] = [(70, chat(1)), (71, b"{")]
    raw = batch(p3=records)
    assert await archive.main(raw, world.parts) == failures(p3=70)
    assert (world.stored, world.queue.offsets, world.totals.added) == ([], [], {})
    world.erased.fault = lambda: None
    assert await archive.main(raw, world.parts) == failures()
    assert (world.stored, world.queue.offsets) == ([("room#42", place("m", 1))], [71])


async def test_rooms_whose_records_have_one_offset_in_two_partitions_are_told_apart() -> None:
    world = World()
    answers = iter([False, True])
    world.totals.is_away = lambda: next(answers)
    like = event(events.LIKE, activity_id=43, likes=5)
    assert await archive.main(batch(p3=[(70, chat(1))], p5=[(70, like)]), world.parts) == failures(p5=70)


async def test_a_table_of_dynamodb_takes_it(moto_url: str) -> None:
    name = await make_table(moto_url)
    leave = chat(2, type=events.LEAVE, watch_seconds=1.5)
    raw = batch(p3=[(70, chat(1)), (71, leave)])
    async with archive_parts(moto_url, name) as parts:
        for _ in range(2):
            assert await archive.main(raw, parts) == failures()
    async with api(moto_url) as dynamodb:
        found, _ = await ArchiveTable(dynamodb, name).messages(42, None, 10)
        assert [one.event.payload() for one in found] == [{"content": "chat 1", "extra": None}]
        assert await WatchTotals(dynamodb, name).top(42, 10) == ([("alice", 1.5)], 1.5)


async def test_the_parts_are_made_of_the_settings_and_one_message_names_what_is_missing() -> None:
    told = Settings(table="rooms", failure_queue="http://q", partial_responses="true")
    parts = await archive.build(told)
    assert (parts.days, parts.partial_responses) == (400, True)
    with pytest.raises(SettingsError, match="TABLE is not set; FAILURE_QUEUE is not set"):
        Settings.from_environment({}, needs_of("archive"))


class Mapping:
    """An event source mapping at its worst: batches are cut at random, repeated, and forgotten to have been done."""

    def __init__(self, world: World, log: dict[str, list[tuple[int, Event | bytes]]], dice: random.Random) -> None:
        self._world = world
        self._log = log
        self._dice = dice
        self._at = dict.fromkeys(log, 0)

    async def run(self) -> None:
        while any(self._at[name] < len(records) for name, records in self._log.items()):
            await self._invoke()

    async def _invoke(self) -> None:
        if self._dice.random() < 0.1:  # a commit got lost
            name = self._dice.choice(list(self._log))
            self._at[name] = self._dice.randint(0, self._at[name])
        ends = {name: self._at[name] + self._dice.randint(0, 40) for name in self._log}
        cut = {name: records[self._at[name] : ends[name]] for name, records in self._log.items()}
        held = {name: records for name, records in cut.items() if records}
        try:
            done = await archive.main(batch(**held), self._world.parts)
        except Incomplete:
            return
        except Killed:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*others, return_exceptions=True)
            self._world.memory.revive()
            self._world.restart()
            return
        failed = {
            item["itemIdentifier"]["partition"]: item["itemIdentifier"]["offset"] for item in done["batchItemFailures"]
        }
        for name, records in held.items():
            offset = failed.get(f"{SAVE}-{name[1:]}")
            stored = len(records) if offset is None else [at for at, _ in records].index(offset)
            self._at[name] += stored


def happenings(dice: random.Random) -> dict[str, list[tuple[int, Event | bytes]]]:
    """Two partitions of two rooms each, with offsets that have holes."""
    log: dict[str, list[tuple[int, Event | bytes]]] = {"p0": [], "p1": []}
    totals: Counter[int] = Counter()
    for number in range(dice.randint(0, 150)):
        room = dice.randint(1, 4)
        totals[room] += dice.randint(1, 9)
        kinds: list[Event | bytes] = [
            chat(number, room),
            chat(number, room, to="bob"),
            chat(number, room, client_id=f"c{number // 3}", content=f"sent as c{number // 3}"),
            chat(number, room, client_id=f"r{number // 4}", type=events.REMOVED, data={"seq": number // 4}),
            chat(number, room, content=POISON),
            chat(number, room, type=events.JOIN),
            chat(number, room, type=events.LEAVE, watch_seconds=dice.randint(1, 90)),
            chat(number, room, type=events.REMOVED, user_id=f"mod {number}", data={"seq": dice.randint(0, 9)}),
            chat(None, room, type=events.HEARTBEAT, watch_seconds=60),
            chat(None, room, type=events.LIKE, likes=totals[room], time=NOW + number * MINUTE_MS // 20),
            b'{"activityId": %d}' % number,
        ]
        log[f"p{room % 2}"].append((1000 + 2 * number, dice.choice(kinds)))
    return log


def at_worst(dice: random.Random) -> Callable[[], Fault | None]:
    faults: list[Fault] = ["throttled", "unprocessed", "no answer", "killed"]
    return lambda: dice.choice(faults) if dice.random() < 0.3 else None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), partial_responses=st.booleans())
def test_however_batches_are_cut_repeated_and_broken_off_everything_is_stored_once(
    seed: int, partial_responses: bool
) -> None:
    dice = random.Random(seed)
    log = happenings(dice)
    calm, world = World(), World(partial_responses=partial_responses)
    asyncio.run(Mapping(calm, log, random.Random(1)).run())
    world.memory.fault = at_worst(dice)
    world.totals.is_away = lambda: dice.random() < 0.01  # of each deed
    world.queue.is_away = lambda: dice.random() < 0.05
    asyncio.run(Mapping(world, log, dice).run())
    assert world.memory.items == calm.memory.items
    assert world.totals.added == calm.totals.added
    assert set(world.queue.offsets) == set(calm.queue.offsets)
    assert world.stored == expected(log)
    assert world.totals.deeds == calm.totals.deeds


def expected(log: dict[str, list[tuple[int, Event | bytes]]]) -> list[tuple[str, str]]:
    """Where things are to be found, told without the code under test."""
    places = set()
    sent: set[tuple[int, str | None]] = set()
    for _, one in itertools.chain(*log.values()):
        if isinstance(one, bytes) or one.type in (events.HEARTBEAT, events.LIKE) or POISON in one.payload().values():
            continue
        room = f"room#{one.activity_id}"
        if one.client_id and (one.activity_id, one.client_id) in sent:
            continue
        sent.add((one.activity_id, one.client_id))
        kind = "e" if one.type != events.CHAT else "p" if one.to else "m"
        places.add((room, f"{kind}#{one.seq:016}"))
        if isinstance(one, events.Removed):
            places.add((room, f"x#{one.named('seq'):016}"))
        if isinstance(one, events.PlatformEvent):
            places.add((room, f"a#{one.seq:016}"))
        places |= {(room, f"t#{one.seq:016}#{user_id}") for user_id in one.targets}
    return sorted(places)
