"""Makes the room log's topics when the stack is deployed, where CloudFormation cannot: on MSK Serverless, and on a
cluster that existed before the stack.

The event and the answer are those of an `onEvent` handler of the CDK's Provider. The Provider answers CloudFormation,
also if this function fails or times out, so the function needs no route to the internet.
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.kafka.sign_in import KafkaTokens
from functions.adapters.kafka.topic_admin import Topic, TopicAdmin
from functions.usecases import topics

JsonObject = dict[str, Any]

log = logging.getLogger(__name__)

# The function gives up so long before its time ends, so that the deployment shows its own error.
SPARE_SECONDS = 40.0


async def main(
    event: JsonObject, connect: Callable[[str], TopicAdmin], *, until: float, pause: float = topics.PAUSE_SECONDS
) -> JsonObject:
    """Provide the topics, until the time.monotonic() of `until` at the latest. Raises TopicsNotMade."""
    wanted = event["ResourceProperties"]
    answer = {"PhysicalResourceId": f"topics of {wanted['ClusterArn']}"}
    if event["RequestType"] == "Delete":
        log.info("the topics stay, with what is in them")
        return answer
    before = event.get("OldResourceProperties", {})
    if before.get("ClusterArn") != wanted["ClusterArn"]:
        before = {}  # what the stack wanted of another cluster says nothing about this one
    bootstrap, now, earlier = wanted["Bootstrap"], topics_in(wanted), topics_in(before)
    return answer | {"Data": await topics.provide(connect, bootstrap, now, earlier, until=until, pause=pause)}


def topics_in(properties: Mapping[str, Any]) -> list[Topic]:
    """The topics in the resource's properties. CloudFormation has turned every number there into a string."""
    return [
        Topic(name=name, partitions=int(topic["Partitions"]), settings=topic["Settings"])
        for name, topic in properties.get("Topics", {}).items()
    ]


def handler(event: JsonObject, context: Any) -> JsonObject:
    logging.getLogger().setLevel(logging.INFO)
    tokens = KafkaTokens(CredentialSource(os.environ), os.environ["AWS_REGION"])
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    return asyncio.run(main(event, lambda bootstrap: TopicAdmin(bootstrap, tokens), until=until))
