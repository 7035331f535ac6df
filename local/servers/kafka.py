"""A Kafka broker for a laptop: librdkafka's mock cluster, which speaks the Kafka protocol without a JVM.

`python -m local.servers.kafka` runs one in the foreground and prints its bootstrap address.
"""

import argparse
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from local.servers.foreground import run_in_foreground
from local.servers.process import ServerFailed, ServerProcess, accepts
from local.servers.server import Server

START_SECONDS = 20.0
TOPICS: Mapping[str, int] = {LIVE_TOPIC: PARTITIONS, SAVE_TOPIC: PARTITIONS}


class EmbeddedKafka(Server):
    """One broker with the given topics, in memory: a new start is an empty broker on another port.

    Faithful enough for producing, fetching, consumer groups and commits. Not faithful: it keeps the newest
    5 MB of a partition, makes an unknown topic with 4 partitions when it is asked for, has no ACLs, and a
    group's first join takes 0.1 s instead of 3 s.
    """

    def __init__(self, *, topics: Mapping[str, int] = TOPICS) -> None:
        """`topics`: name to number of partitions."""
        super().__init__()
        self._topics = topics
        self._bootstrap = ""

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`, known from the start on."""
        if not self._bootstrap:
            raise ServerFailed("Kafka has no address before it is started")
        return self._bootstrap

    async def start(self) -> None:
        """Start it and wait until it takes connections; raises ServerFailed if it does not."""
        self._process = ServerProcess("Kafka")
        script = Path(__file__).with_name("mock_cluster.py")
        topics = [f"{name}={partitions}" for name, partitions in self._topics.items()]
        try:
            # -P: this directory has a redis.py, which must not be taken for the package
            await self._process.start([sys.executable, "-P", str(script), *topics])
            await self._process.until(self._has_spoken, seconds=START_SECONDS)
            self._bootstrap = self._process.output.strip()
            await self.up()
        except BaseException:
            await self.kill()
            raise

    async def down(self) -> None:
        """Cut every connection and refuse new ones, its records and groups kept; returns when that is so."""
        process = self._started()
        await process.signal(signal.SIGUSR1)
        await process.until(self._refuses, seconds=START_SECONDS)

    async def up(self) -> None:
        """Take connections again, at the same address; returns when that is so."""
        process = self._started()
        await process.signal(signal.SIGUSR2)
        await process.until(self._accepts, seconds=START_SECONDS)

    def _started(self) -> ServerProcess:
        if self._process is None:
            raise ServerFailed("Kafka is not started")
        return self._process

    async def _has_spoken(self) -> bool:
        return self._started().output.endswith("\n") and self._started().running

    async def _accepts(self) -> bool:
        return await accepts(self.bootstrap)

    async def _refuses(self) -> bool:
        return not await accepts(self.bootstrap)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    argparse.ArgumentParser(prog="python -m local.servers.kafka", description="Run a Kafka").parse_args(arguments)
    kafka = EmbeddedKafka()
    return run_in_foreground(kafka, lambda: kafka.bootstrap)


if __name__ == "__main__":
    sys.exit(main())
