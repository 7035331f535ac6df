"""Kafka's long poll: a fetch that finds nothing waits at the broker, which answers it as soon as a record comes.

librdkafka's mock broker answers such a fetch only when its time is over, whatever comes meanwhile. To ask it every few
milliseconds costs more CPU than all else that an idle emulator does. So the waiting is done here: a fetch asks whether
there are records now, and asks again when some may have been written. In the emulator functions write, and they have
written by the time that they end. What another program writes is found when the fetch's time is over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.protocol.fetch import FetchRequest

FETCH_SECONDS = 0.05  # until a fetch without records is answered, unless the pause is longer


def long_polling(
    send: Callable[..., Awaitable[Any]], next_write: Callable[[], asyncio.Future[None]], *, pause_seconds: float
) -> Callable[..., Awaitable[Any]]:
    """The `send` of a client of aiokafka whose fetches wait here. `next_write` returns what is done as soon as records
    may have been written. Between asking and asking again there are at least `pause_seconds`."""

    async def sending(node_id: int, request: Any, **options: Any) -> Any:
        over = time.monotonic() + max(FETCH_SECONDS, pause_seconds)
        while True:
            written = next_write()  # before asking: a record that is written meanwhile may be missed
            response = await send(node_id, request, **options)
            if not isinstance(request, FetchRequest) or _has_news(response):
                return response
            await asyncio.sleep(pause_seconds)
            await asyncio.wait([written], timeout=max(0, over - time.monotonic()))
            if not written.done():
                return response

    return sending


def _has_news(response: Any) -> bool:
    """Whether there are records of a partition, or an error."""
    # The second of a partition's fields is its error, the last one its records.
    return any(answer[1] or answer[-1] for _, answers in response.topics for answer in answers)
