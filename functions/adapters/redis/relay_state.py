"""What a relay notes and reads of its rooms before it posts, and after it has: a round trip each for all of them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.additions import additions, sent_ids
from functions.adapters.redis.checkpoints import Checkpoints
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.script import Call, CallOnce, Script, run_all, succeeded
from functions.rooms import events
from functions.rooms.answers import Departure, read_departures
from functions.rooms.current import is_about_mute, needs_properties
from functions.rooms.events import Event
from functions.rooms.marks import Mark, Memory, mark_of
from functions.rooms.room_view import Posted, Recital, RoomView, Standing, Told, read_standings, read_view
from functions.rooms.seats import BUCKETS, HANDSHAKE_MS, bucket_of, buckets_of_slice
from functions.rooms.settling import Settled, has_id, is_user_id, result_of
from functions.rooms.spans import Span
from functions.rooms.told import ToldBefore
from functions.rooms.watch_time import most_credit_ms

log = logging.getLogger(__name__)

# A script has at most 3,999 arguments on ElastiCache Serverless. A welcomed seat is one, an ended seat two, and a seat
# that has missed a frame three.
SEATS_A_CALL = 500
# Each is a key and an argument.
IDS_A_CALL = 1500
# Each is two arguments.
USERS_A_CALL = 1500
# Each is a key and three arguments.
LETTERS_A_CALL = 500


@dataclass(frozen=True)
class _Batch:
    """A room's records of a batch, and what a call each is about: those that have an id, and the users of whom they
    tell."""

    records: Sequence[Event]
    with_ids: Sequence[Sequence[Event]]
    user_ids: Sequence[Sequence[str]]


class RelayState:
    """The state of rooms as one slice of the relay sees it. Methods raise StateUnavailable."""

    def __init__(self, redis: RedisCluster, *, slice_: int, slices: int, heartbeat_seconds: int) -> None:
        self._redis = redis
        self._slice = slice_
        self._buckets = buckets_of_slice(slice_, slices)
        self._most = most_credit_ms(heartbeat_seconds)
        self._settled = Settled()
        self._settle, self._write_history, self._read_view, self._standings, self._note_told = (
            Script(name) for name in ("settle", "write_history", "read_view", "standings", "note_told")
        )
        self._tell_gallery, self._post_letters = Script("tell_gallery"), Script("post_letters")
        self._note_posted = CallOnce("note_posted")
        self._checkpoints = Checkpoints(slice_)
        self._memory = Memory()
        self._told = ToldBefore()

    async def before(
        self, rooms: Mapping[int, Sequence[Event]], now: int, spans: Sequence[Span] = ()
    ) -> list[RoomView]:
        """Settle the ids of a batch, write what its records add to the history of each room, and return the rooms in
        the batch's order. Each room has at least one record. The batch is these `spans` of the log: of what Redis has
        forgotten before them nobody's cursor is answered without a gap."""
        batches = [self._batch(records) for records in rooms.values()]
        calls = [list(self._calls_before(batch, now)) for batch in batches]
        asked = [call for each in calls for call in each] + self._checkpoints.read(spans)
        answers = iter(succeeded(await run_all(self._redis, asked)))
        found = [list(islice(answers, len(own))) for own in calls]
        noted = list(answers)
        quiet = self._checkpoints.quiet(spans, noted, now)
        await self._begin_epochs(batches, found, self._checkpoints.known(spans, noted), quiet, now)
        views = [self._read(batch, own) for batch, own in zip(batches, found, strict=True)]
        for view in views:
            self._memory.note(view.activity_id, shown=view.mark, log=view.log, epoch=view.history.epoch)
        return views

    async def _begin_epochs(
        self,
        batches: Sequence[_Batch],
        found: Sequence[list[Any]],
        known: Mapping[int, int],
        quiet: Sequence[Call],
        now: int,
    ) -> None:
        """Begin an epoch in those of the rooms that have forgotten some of what is `known` to have been told to each,
        and replace their views among the answers; and in other rooms, those in the `quiet` calls."""
        forgetful = [
            (batch, answers)
            for batch, answers in zip(batches, found, strict=True)
            if 0 <= int(answers[len(batch.with_ids)]) < known.get(batch.records[0].activity_id, -1)
        ]
        calls = [call for batch, _ in forgetful for call in self._calls_to_begin_epoch(batch, now)]
        begun = succeeded(await run_all(self._redis, [*calls, *quiet]))
        for (batch, answers), view in zip(forgetful, begun[1 : len(calls) : 2], strict=True):
            answers[len(batch.with_ids) + 1] = view
        if rooms := len(forgetful) + sum(begun[len(calls) :]):
            log.warning("Redis has forgotten records of %d rooms: a new epoch begins in each", rooms)

    def _calls_to_begin_epoch(self, batch: _Batch, now: int) -> Iterator[Call]:
        yield self._checkpoints.begin_epoch(batch.records[0].activity_id, mark_of(batch.records[:1]).seq, now)
        yield self._call_for_view(batch, now)

    def _call_for_view(self, batch: _Batch, now: int) -> Call:
        first, room = mark_of(batch.records[:1]), RoomKeys(batch.records[0].activity_id)
        of_slice = {"slice": self._slice, "first": first.seq, "first_ms": first.logged_at}
        asked = int(needs_properties(batch.records))
        return self._read_view(room, **of_slice, now=now, seats=room.seats(self._buckets), asked=asked)

    def _batch(self, records: Sequence[Event]) -> _Batch:
        return _Batch(records, _with_ids(records), self._users_of(records))

    def _calls_before(self, batch: _Batch, now: int) -> Iterator[Call]:
        records = batch.records
        activity_id, first = records[0].activity_id, mark_of(records[:1])
        room, known = RoomKeys(activity_id), self._memory.of(activity_id)
        for part in batch.with_ids:
            results = [result_of(record, self._settled.seq_of(record)).pack() for record in part]
            yield self._settle(room, sent_ids=sent_ids(room, part), results=results)
        of_slice = {"slice": self._slice, "first": first.seq, "first_ms": first.logged_at}
        remembered = {"seen_log": _packed(known.log), "shown": _packed(known.shown)}
        yield self._write_history(room, **of_slice, **remembered, now=now, **additions(room, records))
        yield self._call_for_view(batch, now)
        told, users = room.told(self._slice), room.users(range(BUCKETS))
        for user_ids in batch.user_ids:
            buckets = [bucket_of(user_id) for user_id in user_ids]
            yield self._standings(room, told=told, users=users, now=now, user_ids=user_ids, buckets=buckets)

    def _read(self, batch: _Batch, answers: Sequence[Any]) -> RoomView:
        with_ids = len(batch.with_ids)
        settled, seen, standings = answers[:with_ids], answers[with_ids + 1], answers[with_ids + 2 :]
        duplicates = set()
        for part, seqs in zip(batch.with_ids, settled, strict=True):
            for record, seq in zip(part, map(int, seqs), strict=True):
                self._settled.note(record, seq)
                if record.seq is not None and record.seq != seq:
                    duplicates.add(record.seq)
        view = read_view(batch.records[0].activity_id, seen)
        users: dict[str, Standing] = {}
        for user_ids, found in zip(batch.user_ids, standings, strict=True):
            users |= self._as_told(view, read_standings(user_ids, found))
        # Of the connections that are to be cut off, those of this slice.
        own = [each for each in view.cut if bucket_of(each.seat.connection_id) in self._buckets]
        return replace(view, duplicates=frozenset(duplicates), users=users, cut=own)

    def _as_told(self, view: RoomView, users: Mapping[str, Standing]) -> dict[str, Standing]:
        """These users, with what the state may have forgotten of what viewers were told."""
        room = view.activity_id, view.history.epoch
        return {
            user_id: replace(user, told=self._told.corrected(*room, user_id, user.told))
            for user_id, user in users.items()
        }

    def _users_of(self, records: Sequence[Event]) -> list[list[str]]:
        """The users of whom the records tell what may have changed, as many together as a call may have."""
        told = {record.who.user_id for record in records if record.type in (events.JOIN, events.LEAVE)}
        told |= {str(record.to) for record in records if is_about_mute(record)}
        seated = {record.who.user_id for record in records if record.type == events.SEATED}
        told |= {user_id for user_id in seated if self._told.knows(records[0].activity_id, user_id)}
        users = sorted(filter(is_user_id, told))
        return [users[start : start + USERS_A_CALL] for start in range(0, len(users), USERS_A_CALL)]

    def telling(self, activity_id: int, told: Mapping[str, Told]) -> None:
        """Remember what viewers are about to be told of users: the note of it may fail, or be lost."""
        self._told.telling(activity_id, told)

    async def after(
        self, rooms: Sequence[Posted], now: int, spans: Sequence[Span] = ()
    ) -> tuple[list[Departure], StateUnavailable | None]:
        """Note what was shown, welcomed, missed and found gone, and that these `spans` of the log have been told;
        returns the seats that were gone and still had a place, and what is wrong if that could not all be done."""
        noted = [(room, call) for room in rooms for call in self._calls_after(room, now)]
        results = await run_all(self._redis, [*(call for _, call in noted), *self._checkpoints.note(spans)])
        departed: list[Departure] = []
        failures: dict[int, StateUnavailable] = {}
        for (room, _), result in zip(noted, results, strict=False):
            if isinstance(result, StateUnavailable):
                failures[room.activity_id] = result
            elif isinstance(result, list) and result:
                departed += read_departures(room.activity_id, *result)
                self._memory.note(room.activity_id, shown=room.mark)
        for room in rooms:
            if room.activity_id not in failures:
                self._told.noted(room.activity_id, self._memory.of(room.activity_id).epoch, room.told)
        return departed, next((result for result in results if isinstance(result, StateUnavailable)), None)

    def _calls_after(self, posted: Posted, now: int) -> Iterator[Call]:
        room, every_missed = RoomKeys(posted.activity_id), list(posted.missed.items())
        # One slice is enough, and the tick must not be noted before it can be read.
        if posted.gallery and posted.mark and self._slice == 0:
            yield from self._calls_of_gallery(room, posted.gallery, posted.mark)
        for start in range(0, max(1, len(posted.gone), len(posted.welcomed), len(every_missed)), SEATS_A_CALL):
            ended = posted.gone[start : start + SEATS_A_CALL]
            missed = every_missed[start : start + SEATS_A_CALL]
            yield self._note_posted(
                room,
                **room.of_all_seats(),
                slice=self._slice,
                mark=_packed(posted.mark),
                now=now,
                most=self._most,
                welcomed=[seat.pack() for seat in posted.welcomed[start : start + SEATS_A_CALL]],
                ended=[seat.pack() for seat in ended],
                ended_buckets=[bucket_of(seat.connection_id) for seat in ended],
                missed=[seat.pack() for seat, _ in missed],
                missed_buckets=[bucket_of(seat.connection_id) for seat, _ in missed],
                cursors=[cursor for _, cursor in missed],
                # No handshake can be under way, so 410 is final.
                missed_at=now - HANDSHAKE_MS,
                closed=[each.pack() for each in posted.closed],
            )
        told = [(user_id, what) for user_id, what in posted.told.items() if is_user_id(user_id)]
        for start in range(0, len(told), USERS_A_CALL):
            part = told[start : start + USERS_A_CALL]
            users, whats = [user_id for user_id, _ in part], [what for _, what in part]
            yield self._note_told(told=room.told(self._slice), now=now, user_ids=users, whats=whats)

    def _calls_of_gallery(self, room: RoomKeys, recital: Recital, mark: Mark) -> Iterator[Call]:
        for start in range(0, len(recital.letters), LETTERS_A_CALL):
            letters = recital.letters[start : start + LETTERS_A_CALL]
            yield self._post_letters(
                room,
                users=room.users(range(BUCKETS)),
                mails=[room.mail(letter.user_id) for letter in letters],
                seq=mark.seq,
                readers=[letter.user_id for letter in letters],
                buckets=[bucket_of(letter.user_id) for letter in letters],
                objects=[letter.encoded for letter in letters],
            )
        yield self._tell_gallery(room, mark=mark.pack(), said=recital.said)


def _packed(mark: Mark | None) -> str | None:
    return mark.pack() if mark else None


def _with_ids(records: Sequence[Event]) -> list[list[Event]]:
    """The records of which only one an id is shown, as many together as a call may have."""
    named = [record for record in records if has_id(record)]
    return [named[start : start + IDS_A_CALL] for start in range(0, len(named), IDS_A_CALL)]
