"""A relay's state for tests whose batches leave holes between their offsets, as if other rooms' records stood there."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.adapters.redis.relay_state import RelayState
from functions.rooms.events import Event
from functions.rooms.room_view import RoomView
from functions.rooms.spans import Span


class SparseState(RelayState):
    """`read_up_to`: where the next batch of each partition begins, as Kafka has committed it."""

    def __init__(self, *given: Any, read_up_to: dict[str, int] | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._read_up_to = {} if read_up_to is None else read_up_to

    async def before(
        self, rooms: Mapping[int, Sequence[Event]], now: int, spans: Sequence[Span] = ()
    ) -> list[RoomView]:
        for span in spans:
            span.first = min(span.first, self._read_up_to.get(span.partition, span.first))
        return await super().before(rooms, now, spans)

    async def after(self, rooms: Sequence[Any], now: int, spans: Sequence[Span] = ()) -> Any:
        noted = await super().after(rooms, now, spans)
        self._read_up_to |= {span.partition: span.last + 1 for span in spans}
        return noted
