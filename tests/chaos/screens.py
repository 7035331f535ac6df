"""What each screen has shown, against what it should have shown. No I/O.

In: the screens and the live topic. Out: messages that are missing with nobody told, and messages that came twice.

A screen should have every public message behind the cursor of its first welcome: connections that ended are resumed
with a cursor, so nothing is missing silently. A screen that was closed for good should have every message before the
last one that it has. Private chat is left out, because a resuming client does not get it again.

Three things excuse a missing message. A moderator removed it. A welcome said `gap`: this covers what was logged behind
the last message that the screen had, up to the welcome's cursor or its moment. Or a tick said with type 13 how many
were left out: this covers as many, the oldest first, of those logged before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from functions.rooms.objects import LEFT_OUT, WELCOME
from tests.chaos.history import Heard, History, Key, Outcome, Record, Screen, Sending, cursor_seq
from tests.chaos.report import Finding

# The time between a record's log time and its tick's arrival is not exact.
MOMENT_SECONDS = 1.0
# A function that was frozen publishes so long after its client has got the reply to a repetition.
LATE_SECONDS = 10.0


def missing(history: History) -> Iterator[Finding]:
    """The messages that are on no screen where they should be: an acknowledged one is lost if the screen's connection
    lasted from the beginning to the end, any other is missed."""
    sent = {sending.key: sending for sending in history.chats}
    for screen in history.screens:
        for record in untold(screen, history):
            sending = sent.get(record.key) if record.key else None
            known = sending is None or sending.outcome is Outcome.ACKNOWLEDGED
            column = "lost" if known and screen.is_continuous else "missed untold"
            yield Finding(
                column=column,
                text=f"{_message(record, sending)} is not on the screen of {screen.name}, who was told of no gap",
                about=f"seq {record.offset}",
                began=record.logged,
                ended=record.logged + 2,
            )


def untold(screen: Screen, history: History) -> list[Record]:
    """The messages that are missing on a screen without an excuse, in the order of the log."""
    absent = absent_from(screen, history)
    highest = screen.first_cursor or 0
    for heard in screen.heard:
        if heard.is_public:
            highest = max(highest, heard.seq)
        elif heard.kind == WELCOME and heard.object.get("gap"):
            absent = [one for one in absent if not _in_gap(one, highest, heard)]
        elif heard.kind == LEFT_OUT:
            absent = _without_left_out(absent, heard)
    return absent


def absent_from(screen: Screen, history: History) -> list[Record]:
    """The messages that are missing on a screen, told or not, in the order of the log."""
    cursor = screen.first_cursor
    if cursor is None:
        return []
    seqs = {one.seq for one in screen.heard if one.is_numbered}
    keys = {one.key for one in screen.heard if one.key}
    shown = [one.seq for one in screen.heard if one.is_public]
    end = float("inf") if screen.is_there else max(shown, default=0)
    return [
        record
        for record in canonical(history.live)
        if cursor < record.offset < end
        and record.offset not in seqs | history.removed
        and (record.key is None or record.key not in keys)
    ]


def canonical(live: Sequence[Record]) -> list[Record]:
    """The public messages of the log, the first record of each key."""
    keys: set[Key] = set()
    found = []
    for record in sorted(live, key=lambda one: one.offset):
        if record.is_public_message and (record.key is None or record.key not in keys):
            keys |= {record.key} if record.key else set()
            found.append(record)
    return found


def _in_gap(record: Record, highest: int, welcome: Heard) -> bool:
    reached = record.offset <= cursor_seq(welcome.object) or record.logged <= welcome.at
    return record.offset > highest and reached


def _without_left_out(absent: list[Record], heard: Heard) -> list[Record]:
    dropped = heard.object.get("dropped", {})
    count = int(dropped.get("chat", 0)) + int(dropped.get("notice", 0))
    before = [one for one in absent if one.logged <= heard.at + MOMENT_SECONDS]
    excused = {one.offset for one in before[:count]}
    return [one for one in absent if one.offset not in excused]


def shown_twice(history: History) -> Iterator[Finding]:
    """One key under two seqs on one screen, or one seq twice after the client's own dropping. Excused is what is
    forgotten; the archive has no such excuse."""
    return (finding for finding in all_shown_twice(history) if not is_forgotten(history, finding))


def all_shown_twice(history: History) -> Iterator[Finding]:
    """As `shown_twice`, with what is forgotten."""
    sent = {sending.key: sending for sending in history.chats}
    for screen in history.screens:
        yield from _two_seqs(screen, sent)
        times: Mapping[int, list[Heard]] = defaultdict(list)
        for one in screen.heard:
            if one.is_numbered and one.kept and not one.renewed:
                times[one.seq].append(one)
        for seq, several in times.items():
            if len(several) > 1:
                yield _twice(screen, f"the seq {seq}", several)


def _two_seqs(screen: Screen, sent: Mapping[Key, Sending]) -> Iterator[Finding]:
    under: Mapping[Key, dict[int, Heard]] = defaultdict(dict)
    for one in screen.heard:
        if one.key and one.is_numbered:
            under[one.key].setdefault(one.seq, one)
    for key, several in under.items():
        if len(several) > 1:
            finding = _twice(screen, f"{named(key)} under the seqs {sorted(several)}", list(several.values()))
            yield replace(finding, began=sent[key].tries[0], ended=sent[key].ended) if key in sent else finding


def is_forgotten(history: History, one: Finding | Sending) -> bool:
    """Whether nobody could know any more that a message had been shown: Redis forgot it, and a relay was killed."""
    began = one.tries[0] if isinstance(one, Sending) else one.began
    ended = (one.ended or began) + LATE_SECONDS
    killed = any(fault.name == "kill-relay" and fault.overlaps(began, ended) for fault in history.faults)
    return killed and any(began <= lost.ended <= ended for lost in history.lost_state)


def _twice(screen: Screen, what: str, several: Sequence[Heard]) -> Finding:
    times = [one.at for one in several]
    return Finding(
        column="shown twice", text=f"{screen.name} was shown {what}", about=what, began=min(times) - 2, ended=max(times)
    )


def again_after_a_new_epoch(screens: Sequence[Screen]) -> int:
    """How often a seq was shown again because a new epoch had made the client forget it. The protocol allows this."""
    counts = Counter(one.renewed for screen in screens for one in screen.heard if one.is_numbered and one.kept)
    return counts[True]


def named(key: Key) -> str:
    return f"the chat {key[1]} of {key[0]}"


def _message(record: Record, sending: Sending | None) -> str:
    what = named(record.key) if record.key else f"the notice {record.value.get('name')}"
    return f"{what}, seq {record.offset}, {sending.outcome if sending else 'acknowledged'},"
