"""What the platform and moderators do to a room, as events on both topics: an audit trail that says who did it."""

from typing import Any

from functions.api.auth import Caller
from functions.api.parts import ApiParts
from functions.rooms.events import Event


async def publish(
    parts: ApiParts,
    caller: Caller,
    activity_id: int,
    type_: int,
    *,
    data: Any,
    to: str | None = None,
    name: str | None = None,
) -> Event:
    """Publish an event of `type_`: `userId` and `nickname` say who did it, `to` whom it is about.

    Raises LogUnavailable.
    """
    event = Event(
        activity_id=activity_id,
        type=type_,
        time=parts.room.clock(),
        user_id=caller.user_id,
        username=caller.name,
        to=to,
        name=name,
        data=data,
    )
    return await parts.room.log.publish(event)
