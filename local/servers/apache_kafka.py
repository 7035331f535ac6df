"""Apache Kafka itself, one KRaft node on loopback, for tests that must not rely on a mock.

`python -m local.servers.apache_kafka` runs one in the foreground and prints its bootstrap address.
"""

import base64
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from local.servers.kafka import TOPICS
from local.servers.kafka_jars import fetch_jars, find_java
from local.servers.process import ServerProcess, accepts
from local.servers.server import Server, run_in_foreground
from tools.parser import Parser

START_SECONDS = 90.0
MAX_HEAP = "-Xmx512m"


class ApacheKafka(Server):
    """A broker with the given topics on a fixed port; its records outlive `kill` and `start`, not `stop`.

    `topics` maps names to numbers of partitions; `cache` is the folder for Kafka's jars. As on MSK, no topic is created
    automatically. Not faithful: one broker, no TLS, no IAM, and a group's first join does not wait for others.
    """

    name = "Kafka"

    def __init__(self, *, topics: Mapping[str, int] = TOPICS, cache: Path | None = None) -> None:
        super().__init__()
        self._topics = topics
        self._cache = cache

    async def start(self) -> None:
        """Start Kafka and wait until its topics exist; raises KafkaUnavailable without Java, Maven or the jars."""
        java, jars = find_java(), await fetch_jars(self._cache)
        run = [java, MAX_HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        try:
            if self._process is None:
                self._process = ServerProcess(self.name)
                await self._format(self._process, run)
            properties = str(self._process.directory / "server.properties")
            await self._process.start([*run, "kafka.Kafka", properties])
            await self._process.until(self._has_topics, seconds=START_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def kill(self) -> None:
        """SIGKILL, as a crash would; `start` brings Kafka back on the same port with its records."""
        if self._process is not None:
            await self._process.kill()

    async def _format(self, process: ServerProcess, run: list[str]) -> None:
        """Write the configuration and an empty storage, as `kafka-storage.sh format` does."""
        port, controller = _free_ports()
        self._address = f"127.0.0.1:{port}"
        properties = process.directory / "server.properties"
        properties.write_text(_properties(port, controller, process.directory / "data"))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        words = ["kafka.tools.StorageTool", "format", "-t", f"A{cluster[1:]}", "-c", str(properties)]
        await process.start([*run, *words])
        await process.ended(seconds=START_SECONDS)

    async def _has_topics(self) -> bool:
        """Whether Kafka answers and has the topics; creates the missing ones."""
        if not await accepts(self.address):
            return False
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address, request_timeout_ms=5000)
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
        "broker.session.timeout.ms": 2000,  # a killed broker may register again after this
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


if __name__ == "__main__":
    Parser("python -m local.servers.apache_kafka", description="Run Apache Kafka in the foreground").parse_args()
    run_in_foreground(ApacheKafka())
