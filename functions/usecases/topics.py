"""Provides the topics of the room log: makes missing ones, and changes settings as the stage's settings change.

A topic that exists keeps its records and its partitions: with another number, rooms would move to other partitions and
lose their order. A setting is changed only if the stack set it and nobody has changed it since. Example: the stack had
set a retention of one hour and now wants a day. A topic that still has an hour gets a day. If somebody has set two
hours meanwhile, the two hours stay.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.kafka.topic_admin import Topic, TopicAdmin, TopicRefused

log = logging.getLogger(__name__)

# The pause between two attempts: a new cluster's brokers, their names and a new role's rights take a while to exist.
PAUSE_SECONDS = 5.0
# The only setting that every kind of cluster allows.
RETENTION = "retention.ms"


class TopicsNotMade(Exception):
    """Some topics are missing. The message, which CloudFormation shows, says why."""


async def provide(
    connect: Callable[[str], TopicAdmin],
    bootstrap: str,
    wanted: Sequence[Topic],
    before: Sequence[Topic],
    *,
    until: float,
    pause: float = PAUSE_SECONDS,
) -> dict[str, str]:
    """Provide the topics; returns the number of partitions of each. `before` is what the stack wanted so far.

    Retries while the brokers cannot be reached, until the time.monotonic() of `until`. Raises TopicsNotMade.
    """
    earlier = {topic.name: topic for topic in before}
    while True:
        try:
            # An attempt is several calls, each of which may take long.
            async with asyncio.timeout_at(until), connect(bootstrap) as admin:
                for topic in wanted:
                    await provide_one(admin, topic, earlier.get(topic.name))
                return await partitions(admin, wanted)
        except TopicRefused as error:
            raise TopicsNotMade(str(error)) from error
        except TimeoutError as error:
            raise TopicsNotMade(f"{bootstrap}: no answer in time") from error
        except LogUnavailable as error:
            if time.monotonic() + pause >= until:
                raise TopicsNotMade(f"{bootstrap}: {error}") from error
            log.warning("trying again: %s", error)
            await asyncio.sleep(pause)


async def provide_one(admin: TopicAdmin, topic: Topic, before: Topic | None) -> None:
    """Make the topic if it is missing, else change the settings that the stack has changed since `before`."""
    if topic.name not in await admin.partitions():
        try:
            made = await admin.make(topic)
        except TopicRefused as error:
            # https://docs.aws.amazon.com/msk/latest/developerguide/serverless-config.html
            log.warning("%s: %s; once more with its retention alone", topic.name, error)
            kept = {name: value for name, value in topic.settings.items() if name == RETENTION}
            made = await admin.make(replace(topic, settings=kept))
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


async def partitions(admin: TopicAdmin, topics: Sequence[Topic]) -> dict[str, str]:
    """The number of partitions of each topic; raises LogUnavailable until each topic takes records."""
    found = await admin.partitions()
    for topic in topics:
        number = found.get(topic.name, 0)
        if not number:
            raise LogUnavailable(f"{topic.name} takes no records yet")
        if number != topic.partitions:
            log.warning("%s has %d partitions and not %d; they stay", topic.name, number, topic.partitions)
    return {topic.name: str(found[topic.name]) for topic in topics}
