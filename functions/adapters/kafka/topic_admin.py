"""Makes topics and changes their settings through Kafka's own protocol, the only way that MSK Serverless has.

https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    KafkaError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    for_code,
)

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.kafka.sign_in import KafkaTokens, check, signing_in

REQUEST_SECONDS = 15
# DescribeConfigs: this setting is the topic's own, and not a default.
OF_THE_TOPIC = 1
# CreateTopics: as many copies as the cluster makes by default.
DEFAULT_COPIES = -1

REFUSALS = (InvalidConfigurationError, InvalidPartitionsError, InvalidReplicationFactorError, PolicyViolationError)


class TopicRefused(Exception):
    """The brokers refuse the topic or one of its settings. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic to make. `settings` has Kafka's names."""

    name: str
    partitions: int
    settings: Mapping[str, str]


class TopicAdmin:
    """An administrator's connection, an async context manager. Methods raise LogUnavailable and TopicRefused."""

    def __init__(self, bootstrap: str, tokens: KafkaTokens | None = None) -> None:
        """With `tokens` it signs in, over TLS. Needs a running loop."""
        self._tokens = tokens
        self._client = AIOKafkaAdminClient(
            bootstrap_servers=bootstrap,
            request_timeout_ms=REQUEST_SECONDS * 1000,
            **(signing_in(tokens) if tokens else {}),
        )

    async def __aenter__(self) -> Self:
        try:
            async with reaching_brokers():
                await check(self._tokens)
                await self._client.start()
        except BaseException:
            await self._client.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def partitions(self) -> dict[str, int]:
        """The topics that this role may see, each with the number of partitions that have a leader."""
        async with reaching_brokers():
            found = await self._client.describe_topics()
        return {
            topic["topic"]: sum(partition["leader"] >= 0 for partition in topic["partitions"])
            for topic in found
            if not topic["error_code"]
        }

    async def make(self, topic: Topic) -> bool:
        """Make a topic; False if it exists already, which changes nothing."""
        new = NewTopic(topic.name, topic.partitions, 1, topic_configs=dict(topic.settings))
        new.replication_factor = DEFAULT_COPIES  # the constructor refuses -1
        async with reaching_brokers():
            answer = await self._client.create_topics([new])
            try:
                _check(*answer.topic_errors[0][1:])
            except TopicAlreadyExistsError:
                return False
        return True

    async def settings(self, topic: str) -> dict[str, str]:
        """The topic's own settings, without the defaults."""
        async with reaching_brokers():
            (answer,) = await self._client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            code, message, _, _, entries = answer.resources[0]
            _check(code, message)
        return {name: value for name, value, _, source, *_ in entries if source == OF_THE_TOPIC}

    async def change(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change these settings of a topic. The request replaces all settings, so it repeats the others."""
        every = await self.settings(topic) | dict(settings)
        async with reaching_brokers():
            (answer,) = await self._client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, every)])
            _check(*answer.resources[0][:2])


@asynccontextmanager
async def reaching_brokers() -> AsyncIterator[None]:
    """Raise TopicRefused or LogUnavailable for the errors of Kafka and the network."""
    try:
        async with asyncio.timeout(2 * REQUEST_SECONDS):
            yield
    except REFUSALS as error:
        raise TopicRefused(str(error)) from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise LogUnavailable(str(error) or type(error).__name__) from error


def _check(code: int, message: Any = None) -> None:
    if code:
        raise for_code(code)(message or "")
