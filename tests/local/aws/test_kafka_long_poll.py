"""Fetches that wait in the client, with a broker that answers at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest

from local.aws import kafka_long_poll
from local.aws.kafka_long_poll import long_polling

FETCH = FetchRequest(0, 1, 1, 0, [("topic", [(0, 0, 1), (1, 0, 1)])])


def answer(*, error: int = 0, records: bytes = b"") -> Any:
    """Of two partitions, of which the first has nothing."""
    return SimpleNamespace(topics=[("topic", [(0, 0, 9, b""), (1, error, 9, records)])])


NOTHING, RECORDS = answer(), answer(records=b"records")


class Broker:
    """Gives these answers one after another. `write` tells that records may have been written; `asked` counts."""

    def __init__(self, answers: Sequence[Any], *, writes_while_asked: bool = False) -> None:
        self.asked = 0
        self._answers = list(answers)
        self._writes_while_asked = writes_while_asked
        self._written: asyncio.Future[None] | None = None

    async def send(self, node_id: int, request: Any, *, group: str) -> Any:
        assert (node_id, group) == (1, "default")
        self.asked += 1
        if self._writes_while_asked:
            self.write()
        await asyncio.sleep(0)
        return self._answers.pop(0)

    def next_write(self) -> asyncio.Future[None]:
        self._written = asyncio.get_running_loop().create_future()
        return self._written

    def write(self) -> None:
        assert self._written
        self._written.set_result(None)


def fetching(broker: Broker, request: Any = FETCH, *, pause_seconds: float = 0) -> Awaitable[Any]:
    send: Callable[..., Awaitable[Any]] = long_polling(broker.send, broker.next_write, pause_seconds=pause_seconds)
    return send(1, request, group="default")


async def turns(count: int) -> None:
    """So many turns of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch whose time is never over within a test."""
    monkeypatch.setattr(kafka_long_poll, "FETCH_SECONDS", 3600)


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("news", [RECORDS, answer(error=3)], ids=["records", "an error"])
async def test_what_has_news_is_answered_at_once(news: Any) -> None:
    assert await fetching(Broker([news])) is news


@pytest.mark.usefixtures("endless")
async def test_another_request_does_not_wait() -> None:
    assert await fetching(Broker([NOTHING]), MetadataRequest([])) is NOTHING


@pytest.mark.usefixtures("endless")
async def test_a_fetch_asks_again_when_something_may_have_been_written_until_there_is_something() -> None:
    broker = Broker([NOTHING, NOTHING, RECORDS])
    fetch = asyncio.ensure_future(fetching(broker))
    for asked in (1, 2):
        while broker.asked < asked:
            await asyncio.sleep(0)
        broker.write()
    assert await fetch is RECORDS


@pytest.mark.usefixtures("endless")
async def test_what_is_written_while_the_broker_is_asked_is_not_missed() -> None:
    assert await fetching(Broker([NOTHING, RECORDS], writes_while_asked=True)) is RECORDS


async def test_a_fetch_that_nobody_writes_for_is_answered_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_long_poll, "FETCH_SECONDS", 0)
    broker = Broker([NOTHING])
    assert await fetching(broker) is NOTHING
    assert broker.asked == 1


@pytest.mark.usefixtures("endless")
async def test_in_the_pause_nothing_is_asked() -> None:
    broker = Broker([NOTHING, RECORDS], writes_while_asked=True)
    fetch = asyncio.ensure_future(fetching(broker, pause_seconds=3600))
    await turns(10)
    assert broker.asked == 1
    fetch.cancel()


async def test_a_fetch_that_nobody_waits_for_leaves_what_others_wait_for() -> None:
    broker = Broker([NOTHING])
    written = broker.next_write()
    send = long_polling(broker.send, lambda: written, pause_seconds=0)
    fetch = asyncio.ensure_future(send(1, FETCH, group="default"))
    await turns(10)
    assert broker.asked == 1
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert not written.done()
