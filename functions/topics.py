"""Makes the room log's topics when the stack is deployed, where CloudFormation cannot: on MSK Serverless, and on a
cluster that was there before.

What it is given and returns is that of an `onEvent` handler of the CDK's Provider, which answers CloudFormation for it,
also when it fails or runs out of time. So it needs no way out of its network.
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html

A topic that is there keeps its partitions, since rooms would change places, and its records. A deployment that changes
a setting changes it where it is still what the stack had made it. What is deleted with the stack is nothing.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from functions.adapters.credentials import CredentialSource
from functions.adapters.kafka_tokens import KafkaTokens
from functions.adapters.room_log import LogUnavailable
from functions.adapters.topic_admin import Topic, TopicAdmin, TopicRefused

JsonObject = dict[str, Any]

log = logging.getLogger(__name__)

# The brokers of a new cluster, their names and the rights of a new role take a while to be there for everybody.
PAUSE_SECONDS = 5.0
# What is left of the function's time when it gives up, so that its own error is told.
SPARE_SECONDS = 40.0


class TopicsNotMade(Exception):
    """Not all topics are there; the message, which CloudFormation shows, says why."""


async def main(
    event: JsonObject, connect: Callable[[str], TopicAdmin], *, until: float, pause: float = PAUSE_SECONDS
) -> JsonObject:
    """See to it that the topics are there, trying until then (as time.monotonic tells it). Raises TopicsNotMade."""
    wanted = event["ResourceProperties"]
    answer = {"PhysicalResourceId": f"topics of {wanted['ClusterArn']}"}
    if event["RequestType"] == "Delete":
        log.info("the topics stay, with what is in them")
        return answer
    # Of another cluster, what was wanted says nothing.
    before = event.get("OldResourceProperties", {})
    before = before if before.get("ClusterArn") == wanted["ClusterArn"] else {}
    while True:
        try:
            # An attempt is several calls, each of which may take long.
            async with asyncio.timeout_at(until), connect(wanted["Bootstrap"]) as admin:
                return answer | {"Data": await provide_all(admin, topics_in(wanted), topics_in(before))}
        except TopicRefused as error:
            raise TopicsNotMade(str(error)) from error
        except TimeoutError as error:
            raise TopicsNotMade(f"{wanted['Bootstrap']}: no answer in time") from error
        except LogUnavailable as error:
            if time.monotonic() + pause >= until:
                raise TopicsNotMade(f"{wanted['Bootstrap']}: {error}") from error
            log.warning("trying again: %s", error)
            await asyncio.sleep(pause)


async def provide_all(admin: TopicAdmin, wanted: list[Topic], before: list[Topic]) -> dict[str, str]:
    """Provide each topic; returns how many partitions it has."""
    were = {topic.name: topic for topic in before}
    for topic in wanted:
        await provide(admin, topic, were.get(topic.name))
    return await readiness(admin, wanted)


async def provide(admin: TopicAdmin, topic: Topic, before: Topic | None) -> None:
    """Make the topic, or give it the settings that were others `before`, where nobody else has changed them since."""
    if topic.name not in await admin.partitions():
        try:
            made = await admin.make(topic)
        except TopicRefused as error:
            log.warning("%s: %s; once more with its retention alone", topic.name, error)
            made = await admin.make(with_retention_alone(topic))
        if made:
            log.info("made %s", topic.name)
            return
    if before is None:
        log.info("%s was there, and stays as it is", topic.name)
        return
    found = await admin.settings(topic.name)
    changed = {
        name: value
        for name, value in topic.settings.items()
        if value != before.settings.get(name) and found.get(name) == before.settings.get(name)
    }
    if changed:
        await admin.change(topic.name, changed)
        log.info("changed %s: %s", topic.name, changed)


def with_retention_alone(topic: Topic) -> Topic:
    """The same with the one setting that every kind of cluster takes.

    https://docs.aws.amazon.com/msk/latest/developerguide/serverless-config.html
    """
    kept = {name: value for name, value in topic.settings.items() if name == "retention.ms"}
    return Topic(name=topic.name, partitions=topic.partitions, settings=kept)


async def readiness(admin: TopicAdmin, topics: list[Topic]) -> dict[str, str]:
    """How many partitions each topic has; raises LogUnavailable while one has none that takes records."""
    found = await admin.partitions()
    for topic in topics:
        number = found.get(topic.name, 0)
        if not number:
            raise LogUnavailable(f"{topic.name} takes no records yet")
        if number != topic.partitions:
            log.warning("%s has %d partitions and not %d; they stay", topic.name, number, topic.partitions)
    return {topic.name: str(found[topic.name]) for topic in topics}


def topics_in(properties: Mapping[str, Any]) -> list[Topic]:
    """The topics in the properties of the resource, in which CloudFormation has made every number a text."""
    return [
        Topic(name=name, partitions=int(topic["Partitions"]), settings=topic["Settings"])
        for name, topic in properties.get("Topics", {}).items()
    ]


def handler(event: JsonObject, context: Any) -> JsonObject:
    """The Lambda handler; raises TopicsNotMade."""
    logging.getLogger().setLevel(logging.INFO)
    tokens = KafkaTokens(CredentialSource(os.environ), os.environ["AWS_REGION"])
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    return asyncio.run(main(event, lambda bootstrap: TopicAdmin(bootstrap, tokens), until=until))
