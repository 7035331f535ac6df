"""A Kafka broker for a laptop: librdkafka's mock cluster, which speaks the Kafka protocol without a JVM.

`python -m local.servers.kafka` runs one in the foreground and prints its bootstrap address.
"""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from local.servers.server import START_SECONDS, ScriptServer, run_in_foreground
from tools.parser import Parser

TOPICS: Mapping[str, int] = {LIVE_TOPIC: PARTITIONS, SAVE_TOPIC: PARTITIONS}


class EmbeddedKafka(ScriptServer):
    """One broker in memory, at `127.0.0.1:PORT`. `topics` maps names to numbers of partitions.

    Faithful enough for producing, fetching, consumer groups and commits. Not faithful: it keeps the newest 5 MB of a
    partition, creates an unknown topic with 4 partitions on request, has no ACLs, and a group's first join takes 0.1 s
    instead of 3 s.
    """

    name = "Kafka"
    script = "mock_cluster.py"

    def __init__(self, *, topics: Mapping[str, int] = TOPICS) -> None:
        super().__init__()
        self._topics = topics

    def arguments(self) -> Sequence[str]:
        return [f"{name}={partitions}" for name, partitions in self._topics.items()]

    async def down(self) -> None:
        """Cut every connection and refuse new ones, but keep records and groups; returns when that is so."""
        await self._switch(signal.SIGUSR1, self._refuses)

    async def up(self) -> None:
        """Take connections again, at the same address; returns when that is so."""
        await self._switch(signal.SIGUSR2, self.accepts)

    async def _switch(self, number: signal.Signals, done: Callable[[], Awaitable[bool]]) -> None:
        await self._signal(number)
        assert self._process is not None
        await self._process.until(done, seconds=START_SECONDS)

    async def _refuses(self) -> bool:
        return not await self.accepts()


if __name__ == "__main__":
    Parser("python -m local.servers.kafka", description="Run the embedded Kafka in the foreground").parse_args()
    run_in_foreground(EmbeddedKafka())
