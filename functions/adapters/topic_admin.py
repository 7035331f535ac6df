"""Makes topics, and changes settings of theirs, through Kafka's own protocol: MSK Serverless knows no other way.

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

from functions.adapters.kafka_tokens import KafkaTokens, check, signing_in
from functions.adapters.room_log import LogUnavailable

REQUEST_SECONDS = 15
# Where DescribeConfigs says that a setting comes from the topic itself, and not from a default.
OF_THE_TOPIC = 1
# As many copies as the cluster makes by default.
DEFAULT_COPIES = -1

REFUSALS = (InvalidConfigurationError, InvalidPartitionsError, InvalidReplicationFactorError, PolicyViolationError)


class TopicRefused(Exception):
    """The brokers do not make such a topic, or do not take such a setting; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic as it is wanted; `settings` as Kafka names them."""

    name: str
    partitions: int
    settings: Mapping[str, str]


class TopicAdmin:
    """An administrator's connection, as an asynchronous context. Methods raise LogUnavailable and TopicRefused."""

    def __init__(self, bootstrap: str, tokens: KafkaTokens | None = None) -> None:
        """`tokens`: sign in with them, over TLS. Needs a running loop."""
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
        """The topics that this role may see, with how many of their partitions take records."""
        async with reaching_brokers():
            found = await self._client.describe_topics()
        return {
            topic["topic"]: sum(partition["leader"] >= 0 for partition in topic["partitions"])
            for topic in found
            if not topic["error_code"]
        }

    async def make(self, topic: Topic) -> bool:
        """Make a topic; False if it was there, and then it is left as it is."""
        new = NewTopic(topic.name, topic.partitions, 1, topic_configs=dict(topic.settings))
        new.replication_factor = DEFAULT_COPIES  # which the constructor refuses
        async with reaching_brokers():
            answer = await self._client.create_topics([new])
            try:
                _check(*answer.topic_errors[0][1:])
            except TopicAlreadyExistsError:
                return False
        return True

    async def settings(self, topic: str) -> dict[str, str]:
        """The settings that are the topic's own."""
        async with reaching_brokers():
            (answer,) = await self._client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            code, message, _, _, entries = answer.resources[0]
            _check(code, message)
        return {name: value for name, value, _, source, *_ in entries if source == OF_THE_TOPIC}

    async def change(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change settings of a topic. The others that are its own stay: the request replaces all of them, so that they
        are said again."""
        every = await self.settings(topic) | dict(settings)
        async with reaching_brokers():
            (answer,) = await self._client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, every)])
            _check(*answer.resources[0][:2])


@asynccontextmanager
async def reaching_brokers() -> AsyncIterator[None]:
    """Says errors of Kafka and the network in our words."""
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
