"""Apache Kafka itself, one KRaft node on loopback, for tests that must not rest on a mock.

`python -m local.servers.apache_kafka` runs one in the foreground and prints its bootstrap address.
"""

import argparse
import base64
import socket
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from local.servers.foreground import run_in_foreground
from local.servers.kafka import TOPICS
from local.servers.kafka_jars import fetch_jars, find_java
from local.servers.process import ServerFailed, ServerProcess, accepts
from local.servers.server import Server

START_SECONDS = 90.0
MAX_HEAP = "-Xmx512m"


class ApacheKafka(Server):
    """A broker with the given topics on a fixed port; its records outlive `kill` and `start`, not `stop`.

    As on MSK, no topic is made by itself. Not faithful: one broker, no TLS, no IAM, and a group's first join does
    not wait for others.
    """

    def __init__(self, *, topics: Mapping[str, int] = TOPICS, cache: Path | None = None) -> None:
        """`topics`: name to number of partitions. `cache`: where Kafka's jars are kept."""
        super().__init__()
        self._topics = topics
        self._cache = cache
        self._port = 0

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`, known from the first start on."""
        if not self._port:
            raise ServerFailed("Kafka has no address before it is started")
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it and wait until its topics are there; raises KafkaUnavailable if it cannot be had."""
        java, jars = find_java(), await fetch_jars(self._cache)
        run = [java, MAX_HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        try:
            if self._process is None:
                self._process = ServerProcess("Kafka")
                await self._format(self._process, run)
            properties = str(self._process.directory / "server.properties")
            await self._process.start([*run, "kafka.Kafka", properties])
            await self._process.until(self._has_topics, seconds=START_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def kill(self) -> None:
        """SIGKILL, as a crash would: `start` brings it back on the same port with its records."""
        if self._process is not None:
            await self._process.kill()

    async def _format(self, process: ServerProcess, run: list[str]) -> None:
        """Write its configuration and an empty storage, as `kafka-storage.sh format` does."""
        self._port, controller = _free_ports()
        properties = process.directory / "server.properties"
        properties.write_text(_properties(self._port, controller, process.directory / "data"))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        words = ["kafka.tools.StorageTool", "format", "-t", f"A{cluster[1:]}", "-c", str(properties)]
        await process.start([*run, *words])
        await process.ended(seconds=START_SECONDS)

    async def _has_topics(self) -> bool:
        """Whether it answers and has the topics; makes those that are missing."""
        if not await accepts(self.bootstrap):
            return False
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            missing = self._topics.keys() - set(await admin.list_topics())
            if missing:
                await admin.create_topics([NewTopic(name, self._topics[name], 1) for name in missing])
        except (KafkaError, OSError):
            return False
        else:
            return not missing
        finally:
            await admin.close()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _properties(port: int, controller: int, data: Path) -> str:
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 2000,  # how long a killed one is waited for before it may register again
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.servers.apache_kafka", description="Run Apache Kafka")
    parser.parse_args(arguments)
    kafka = ApacheKafka()
    return run_in_foreground(kafka, lambda: kafka.bootstrap)


if __name__ == "__main__":
    sys.exit(main())
