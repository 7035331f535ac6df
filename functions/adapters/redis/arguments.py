"""Arguments that several scripts of a room take."""

import secrets
from typing import Any

from functions.adapters.redis.keys import RoomKeys
from functions.rooms.answers import Left, Rate
from functions.rooms.attributes import pack_attributes
from functions.rooms.frames import Kind
from functions.rooms.identity import Identity
from functions.rooms.people import Place
from functions.rooms.results import Result
from functions.rooms.seats import BUCKETS, Seat


def taken(room: RoomKeys, seat: Seat, person: Identity | Left, now: int) -> dict[str, Any]:
    """The arguments of a script that takes a seat for this person."""
    shown = {"username": person.username, "attributes": pack_attributes(person.attributes)}
    return {**room.of_seat(seat), "seat": seat.pack(), **shown, "now": now, "epoch": new_epoch()}


def sent(
    room: RoomKeys,
    identity: Identity,
    now: int,
    kind: Kind,
    rate: Rate,
    count: int,
    client_id: str | None,
    digest: str,
) -> dict[str, Any]:
    """The arguments of a script that takes in a frame, or takes it back."""
    result = Result(accepted_at=now, digest=digest) if kind == "chat" else Result()
    return {
        "kind": kind,
        "count": count,
        "per_second": rate.per_second,
        "rate": room.rate(identity.user_id),
        "ids": [] if client_id is None else [room.sent_id(identity.user_id, client_id)],
        "result": result.pack(),
    }


def paged(room: RoomKeys, limit: int, after: Place, *, asked: bool) -> dict[str, Any]:
    """The arguments of a script that reads a page, if it is asked for one."""
    people = room.users(range(after.bucket, BUCKETS)) if asked else []
    return {"people": people, "limit": limit, "scan": after.scan, "after": after.user_id}


def new_epoch() -> str:
    """A name for the time from now until the room's state is lost: 1-16 characters of 0-9 and a-z."""
    return secrets.token_hex(4)
