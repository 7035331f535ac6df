import asyncio
from collections.abc import Sequence

from functions.adapters.redis.client import StateUnavailable
from functions.rooms.seats import Seat
from functions.usecases.fanout import Delivery
from functions.usecases.ticker import Progress


def delivery(room: int) -> Delivery:
    return Delivery(room, Seat("c", "live.v1", "u"), [])


async def test_a_room_is_noted_when_its_last_delivery_is_over_and_others_are_not() -> None:
    noted: asyncio.Queue[Sequence[int]] = asyncio.Queue()
    deliveries = [delivery(1), delivery(1), delivery(2), delivery(2)]
    progress = Progress(deliveries)
    async with progress.noted(noted.put, seconds=0), asyncio.timeout(5):
        progress.done(deliveries[2])
        progress.done(deliveries[0])
        progress.done(deliveries[1])
        assert await noted.get() == [1]
        progress.done(deliveries[3])
        assert await noted.get() == [2]


async def test_a_short_batch_is_not_noted_on_the_way() -> None:
    noted: list[Sequence[int]] = []

    async def note(rooms: Sequence[int]) -> None:
        noted.append(rooms)

    progress = Progress([delivery(1)])
    async with progress.noted(note, seconds=60):
        progress.done(delivery(1))
    assert noted == []


async def test_what_cannot_be_noted_does_not_end_the_posting() -> None:
    tried = asyncio.Event()

    async def note(rooms: Sequence[int]) -> None:
        tried.set()
        raise StateUnavailable("away")

    progress = Progress([delivery(1)])
    async with progress.noted(note, seconds=0), asyncio.timeout(5):
        progress.done(delivery(1))
        await tried.wait()
