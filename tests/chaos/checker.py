"""Compares what clients sent, what screens showed, both topics, the archive, the counts and the watch time. No I/O.

A frame has one of three outcomes: acknowledged, then it must be everywhere once; refused, then it must be nowhere; or
unknown, then it may be anywhere, but once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from functions.rooms.events import JOIN, LEAVE, PROPERTIES, SETTINGS
from functions.rooms.objects import COUNT, LEFT_OUT, LIKES, WELCOME
from tests.chaos.history import Heard, History, Key, Link, Object, Outcome, Screen, Sending
from tests.chaos.report import Finding, Report
from tests.chaos.screens import (
    again_after_a_new_epoch,
    all_shown_twice,
    is_forgotten,
    missing,
    named,
    shown_twice,
)

# A credit is at most so many heartbeat intervals. For so long the end of a connection may be noticed late.
MOST_HEARTBEATS = 1.5
# Clocks of several processes, and ms that are cut off.
CLOCK_SECONDS = 0.5


def check(history: History) -> Report:
    """All findings of one room."""
    report = Report()
    promises = missing, lost, shown_twice, stored_twice, refused_yet_done, count_errors, credited, order_errors
    for find in (*promises, overheard):
        report.findings += find(history)
    chats = history.chats
    welcomes = [one for screen in history.screens for one in screen.heard if one.kind == WELCOME]
    report.counted.update(
        {
            "sent": len(chats),
            **{outcome.value: sum(one.outcome is outcome for one in chats) for outcome in Outcome},
            "likes": sum(one.count for one in history.sendings),
            "screens": len(history.screens),
            "links": sum(len(screen.links) for screen in history.screens),
            "lane changes": sum(screen.changes for screen in history.screens),
            "private, unheard": sum(is_unheard(history, one) for one in chats),
            "gaps told": sum(bool(one.object.get("gap")) for one in welcomes),
            "twice, forgotten": sum(is_forgotten(history, one) for one in all_shown_twice(history)),
            "appended twice": sum(is_appended_twice(history, one) for one in chats),
            "new epoch, again": again_after_a_new_epoch(history.screens),
        }
    )
    return report


def lost(history: History) -> Iterator[Finding]:
    """An acknowledged chat stands under the seq of its reply in both topics and in the archive. The archive keeps the
    first seq of a chat whose first seq is forgotten otherwise, or that the broker has appended twice."""
    kept = {one.key for one in history.stored}
    places: dict[str, set[tuple[Key | None, int | None]]] = {
        "the live topic": {(record.key, record.offset) for record in history.live},
        "the save topic": {(record.key, record.value.get("seq")) for record in history.saved},
        "the archive": {(one.key, one.seq) for one in history.stored},
    }
    for chat in history.chats:
        absent = [name for name, found in places.items() if (chat.key, chat.seq) not in found]
        is_excused = is_forgotten(history, chat) or is_appended_twice(history, chat)
        if absent == ["the archive"] and chat.key in kept and is_excused:
            continue
        if chat.outcome is Outcome.ACKNOWLEDGED and absent:
            yield _of(chat, "lost", f"is not in {' and '.join(absent)}")
    for seq in sorted(history.noticed - {one.seq for one in history.stored}):
        yield _at_end(history, "lost", f"the notice {seq} was acknowledged and is not in the archive")


def is_appended_twice(history: History, chat: Sending) -> bool:
    """Whether the log has one record of a chat twice: librdkafka's mock broker appends a batch again that an idempotent
    producer repeats, where Kafka does not. The function is told the later offset, and the relay shows the earlier."""
    logged = [record.logged for record in history.live if record.key == chat.key]
    return len(logged) > len(set(logged))


def stored_twice(history: History) -> Iterator[Finding]:
    """A key has one item in the archive."""
    seqs: dict[Key, list[int]] = defaultdict(list)
    for one in history.stored:
        if one.key is not None:
            seqs[one.key].append(one.seq)
    sent = {chat.key: chat for chat in history.chats}
    for key, several in seqs.items():
        if len(several) > 1:
            chat = sent.get(key) or Sending(user=key[0], id=key[1], tries=[history.ended])
            yield _of(chat, "stored twice", f"is in the archive under the seqs {sorted(several)}")


def refused_yet_done(history: History) -> Iterator[Finding]:
    """A refused chat is in no topic and not in the archive."""
    places: dict[str, set[Key | None]] = {
        "the live topic": {record.key for record in history.live},
        "the save topic": {record.key for record in history.saved},
        "the archive": {one.key for one in history.stored},
    }
    for chat in history.chats:
        found = [name for name, keys in places.items() if chat.key in keys]
        if chat.outcome is Outcome.REFUSED and found:
            yield _of(chat, "refused yet done", f"was refused with {chat.error} and is in {' and '.join(found)}")


def _of(chat: Sending, column: str, what: str) -> Finding:
    text = f"{named(chat.key)}, seq {chat.seq}, {chat.outcome}, sent {len(chat.tries)} times, {what}"
    return Finding(column=column, text=text, about=text, began=chat.tries[0], ended=chat.ended)


def overheard(history: History) -> Iterator[Finding]:
    """What is for some alone is told to them and to who has said it."""
    private = {record.offset: record for record in history.live if record.value.get("to") is not None}
    for screen in history.screens:
        for one in screen.heard:
            if one.is_numbered and one.seq in private and screen.user not in private[one.seq].parties:
                text = f"{screen.name} was told the seq {one.seq}, which is for others"
                yield Finding(column="overheard", text=text, about=text, began=one.at - 2, ended=one.at)


def is_unheard(history: History, chat: Sending) -> bool:
    """Whether a private chat that was acknowledged is on no screen of the user whom it is for. That may be so: it is
    in no history, so whoever is away misses it."""
    screens = [screen for screen in history.screens if screen.user == chat.to]
    heard = any(one.key == chat.key for screen in screens for one in screen.heard)
    return chat.to is not None and chat.outcome is Outcome.ACKNOWLEDGED and not heard


def count_errors(history: History) -> Iterator[Finding]:
    """Screens and the HTTP API agree about who is there, and about a total of likes that is possible."""
    users, screens = {screen.user for screen in history.here}, history.here
    least, most = _possible_likes(history)
    seats = sum(screen.lane == "seat" for screen in screens)
    there = len(users), seats, len(screens) - seats
    if (history.online, history.connections, history.places) != there:
        told = f"{history.online} users on {history.connections} connections and {history.places} places"
        yield _at_end(history, "count errors", "the API tells {}, not {} on {} and {}".format(told, *there))
    if not least <= history.likes <= most:
        yield _at_end(history, "count errors", f"the API tells {history.likes} likes, not {least} to {most}")
    for screen in screens:
        for kind, name, right in ((COUNT, "onlineNumber", len(users)), (LIKES, "zanNumber", history.likes)):
            heard = [one.object[name] for one in screen.heard if one.kind in (kind, WELCOME)][-1:]
            if heard != [right]:
                yield _at_end(history, "count errors", f"{screen.name} was last told {name} {heard}, not {right}")


def _possible_likes(history: History) -> tuple[int, int]:
    """The least and the largest total: an acknowledged like counts, unless Redis has forgotten its time."""
    least = most = 0
    for like in history.sendings:
        if like.kind != "like" or like.outcome is Outcome.REFUSED:
            continue
        most += like.count
        forgotten = any(one.concerns(like.tries[0], like.ended) for one in history.lost_state)
        least += like.count if like.outcome is Outcome.ACKNOWLEDGED and not forgotten else 0
    return least, most


def credited(history: History) -> Iterator[Finding]:
    """Nobody was credited with more seconds than he was connected."""
    late = MOST_HEARTBEATS * history.heartbeat_seconds
    links: dict[str, list[Link]] = defaultdict(list)
    for screen in history.screens:
        links[screen.user] += screen.links
    for user, seconds in history.watched.items():
        real = connected_seconds(links[user], late, history.ended)
        beyond = seconds - real - CLOCK_SECONDS
        if beyond > 0:
            text = f"{user} was credited with {seconds:.1f} s, and was connected for {real:.1f} s at most"
            began = min((link.began for link in links[user]), default=history.ended)
            yield Finding(
                column="seconds too many",
                text=text,
                about=user,
                began=began,
                ended=history.ended,
                amount=round(beyond, 1),
            )


def connected_seconds(links: Sequence[Link], late: float, ended: float) -> float:
    """How long at least one of the links was open. The end of each may be noticed `late`."""
    total, reached = 0.0, float("-inf")
    for link in sorted(links, key=lambda one: one.began):
        end = min(ended, ended if link.ended is None else link.ended + late)
        total += max(0.0, end - max(link.began, reached))
        reached = max(reached, end)
    return total


def order_errors(history: History) -> Iterator[Finding]:
    """The newest "joined" or "left" of a user, the newest settings and the properties that a screen was told are those
    of the end."""
    users = {screen.user for screen in history.here}
    for screen in history.here:
        for user, one in last_told(screen).items():
            if (one.kind == JOIN) != (user in users):
                what = "joined, and is gone" if one.kind == JOIN else "left, and is there"
                yield Finding(
                    column="order errors",
                    text=f"{screen.name} was last told that {user} {what}",
                    about=user,
                    began=one.at - 3,
                    ended=one.at,
                )
        told = [one for one in screen.heard if one.kind in (WELCOME, SETTINGS)]
        if told and told[-1].object.get("settings") != history.settings:
            text = f"{screen.name} was last told the settings {told[-1].object.get('settings')}, not {history.settings}"
            yield Finding(column="order errors", text=text, about="settings", began=told[-1].at - 3, ended=told[-1].at)
        if (known := last_properties(screen)) != history.properties:
            text = f"{screen.name} knows the properties {known}, not {history.properties}"
            yield _at_end(history, "order errors", text)


def last_properties(screen: Screen) -> Object:
    """What a screen knows of the room's properties: those of the last welcome, with the changes since."""
    known: Object = {}
    for one in screen.heard:
        if one.kind == WELCOME:
            known = dict(one.object["properties"])
        elif one.kind == PROPERTIES:
            known |= one.object["properties"]
    return {name: value for name, value in known.items() if value is not None}


def last_told(screen: Screen) -> dict[str, Heard]:
    """What the screen was last told of each user since its last welcome. An object that counts others, and a tick that
    leaves some out, may mean anybody, so what was told before is not known any more."""
    told: dict[str, Heard] = {}
    for one in screen.heard:
        crowd = one.kind == LEFT_OUT and {"join", "leave"} & one.object.get("dropped", {}).keys()
        if one.kind == WELCOME or crowd or (one.kind in (JOIN, LEAVE) and one.object.get("others")):
            told.clear()
        if one.kind in (JOIN, LEAVE):
            told[str(one.object["userId"])] = one
    return told


def _at_end(history: History, column: str, text: str) -> Finding:
    return Finding(column=column, text=text, about=text, began=history.ended, ended=history.ended)
