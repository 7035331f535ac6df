import asyncio
import time
from collections.abc import Mapping
from typing import Any, Self, cast

import pytest

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.kafka.topic_admin import Topic, TopicAdmin, TopicRefused
from functions.handlers import topics
from functions.usecases.topics import TopicsNotMade

CLUSTER = "arn:aws:kafka:us-east-1:111122223333:cluster/rooms/0a1b-2"
HOUR, DAY = "3600000", "86400000"


class Brokers:
    """A cluster that keeps no records: `made` topics with their partitions and settings. `away`: so often they do not
    answer. `only`: the settings that they take, if not all."""

    def __init__(self, *made: Topic, away: int = 0, only: frozenset[str] | None = None) -> None:
        self.made = {topic.name: topic for topic in made}
        self.away = away
        self.only = only
        self.leaderless = 0

    def __call__(self, bootstrap: str) -> TopicAdmin:
        assert bootstrap == "b-1:9098"
        return cast(TopicAdmin, self)

    async def __aenter__(self) -> Self:
        if self.away:
            self.away -= 1
            raise LogUnavailable("Unable to bootstrap")
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def partitions(self) -> dict[str, int]:
        if self.made and self.leaderless:
            self.leaderless -= 1
            return dict.fromkeys(self.made, 0)
        return {topic.name: topic.partitions for topic in self.made.values()}

    async def make(self, topic: Topic) -> bool:
        if self.only is not None and set(topic.settings) - self.only:
            raise TopicRefused("no such setting here")
        return self.made.setdefault(topic.name, topic) is topic

    async def settings(self, topic: str) -> dict[str, str]:
        return dict(self.made[topic].settings)

    async def change(self, topic: str, settings: Mapping[str, str]) -> None:
        found = self.made[topic]
        self.made[topic] = Topic(name=topic, partitions=found.partitions, settings={**found.settings, **settings})


def wanted(
    live: str = HOUR, partitions: int = 12, cluster: str = CLUSTER, more: Mapping[str, str] = {}
) -> dict[str, Any]:
    """The resource's properties as CloudFormation passes them on."""
    return {
        "Bootstrap": "b-1:9098",
        "ClusterArn": cluster,
        "Topics": {
            "live": {"Partitions": str(partitions), "Settings": {"retention.ms": live, **more}},
            "save": {"Partitions": str(partitions), "Settings": {"retention.ms": DAY}},
        },
    }


def topic(name: str, retention: str, partitions: int = 12, **more: str) -> Topic:
    return Topic(name=name, partitions=partitions, settings={"retention.ms": retention, **more})


async def deploy(
    brokers: Brokers, kind: str, now: dict[str, Any], before: dict[str, Any] | None = None, seconds: float = 60
) -> dict[str, Any]:
    event = {"RequestType": kind, "ResourceProperties": now}
    if before is not None:
        event["OldResourceProperties"] = before
    return await topics.main(event, brokers, until=time.monotonic() + seconds, pause=0)


async def test_both_topics_are_made() -> None:
    brokers = Brokers()
    answer = await deploy(brokers, "Create", wanted())
    assert brokers.made == {"live": topic("live", HOUR), "save": topic("save", DAY)}
    assert answer == {"PhysicalResourceId": f"topics of {CLUSTER}", "Data": {"live": "12", "save": "12"}}


async def test_making_them_again_changes_nothing() -> None:
    brokers = Brokers()
    first = await deploy(brokers, "Create", wanted())
    made = dict(brokers.made)
    assert await deploy(brokers, "Create", wanted()) == first
    assert await deploy(brokers, "Update", wanted(), wanted()) == first
    assert brokers.made == made


async def test_a_topic_that_was_there_stays_as_it_is() -> None:
    theirs = topic("live", DAY, partitions=3)
    brokers = Brokers(theirs)
    answer = await deploy(brokers, "Create", wanted())
    assert brokers.made["live"] == theirs
    assert answer["Data"] == {"live": "3", "save": "12"}


async def test_a_setting_that_is_changed_in_the_stage_is_changed() -> None:
    brokers = Brokers()
    await deploy(brokers, "Create", wanted())
    await deploy(brokers, "Update", wanted(live=DAY), wanted())
    assert brokers.made["live"] == topic("live", DAY)


async def test_a_setting_that_somebody_else_has_changed_stays() -> None:
    brokers = Brokers(topic("live", "-1"))
    await deploy(brokers, "Update", wanted(live=DAY), wanted())
    assert brokers.made["live"] == topic("live", "-1")


@pytest.mark.parametrize("partitions", [6, 24])
async def test_partitions_become_neither_fewer_nor_more(partitions: int) -> None:
    brokers = Brokers()
    await deploy(brokers, "Create", wanted())
    await deploy(brokers, "Update", wanted(partitions=partitions), wanted())
    assert brokers.made["live"].partitions == 12


async def test_another_cluster_is_another_resource_and_what_was_wanted_of_the_first_is_forgotten() -> None:
    brokers = Brokers(topic("live", HOUR))
    answer = await deploy(brokers, "Update", wanted(live=DAY, cluster=f"{CLUSTER}9"), wanted())
    assert answer["PhysicalResourceId"] == f"topics of {CLUSTER}9"
    assert brokers.made["live"] == topic("live", HOUR)


async def test_the_topics_outlive_the_stack_and_no_broker_is_asked() -> None:
    brokers = Brokers(topic("live", HOUR), away=1000)
    assert await deploy(brokers, "Delete", wanted()) == {"PhysicalResourceId": f"topics of {CLUSTER}"}
    assert brokers.made == {"live": topic("live", HOUR)}


async def test_brokers_that_do_not_take_a_setting_are_asked_for_the_retention_alone() -> None:
    brokers = Brokers(only=frozenset({"retention.ms"}))
    await deploy(brokers, "Create", wanted(more={"segment.ms": HOUR}))
    assert brokers.made["live"] == topic("live", HOUR)


async def test_brokers_that_are_not_there_yet_are_waited_for() -> None:
    brokers = Brokers(away=3)
    brokers.leaderless = 2
    await deploy(brokers, "Create", wanted())
    assert brokers.made.keys() == {"live", "save"}


async def test_brokers_that_never_come_are_told_of_before_the_time_is_up() -> None:
    with pytest.raises(TopicsNotMade, match="b-1:9098: Unable to bootstrap"):
        await deploy(Brokers(away=1000), "Create", wanted(), seconds=0)


async def test_brokers_that_are_silent_in_the_middle_are_told_of_before_the_time_is_up() -> None:
    class Silent(Brokers):
        async def make(self, topic: Topic) -> bool:
            await asyncio.Event().wait()
            return False

    async with asyncio.timeout(10):
        with pytest.raises(TopicsNotMade, match="b-1:9098: no answer in time"):
            await deploy(Silent(), "Create", wanted(), seconds=0.05)


async def test_a_refusal_is_told_at_once() -> None:
    with pytest.raises(TopicsNotMade, match="no such setting here"):
        await deploy(Brokers(only=frozenset()), "Create", wanted())


@pytest.mark.kafka
async def test_on_kafka_itself_topics_are_made_changed_and_left(
    kafka_bootstrap: str, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--kafka") != "real":
        pytest.skip("the mock makes no topics")
    properties = wanted() | {"Bootstrap": kafka_bootstrap}
    until = time.monotonic() + 60
    event = {"RequestType": "Create", "ResourceProperties": properties}
    for _ in range(2):
        answer = await topics.main(event, TopicAdmin, until=until)
        assert answer["Data"] == {"live": "12", "save": "12"}
    async with TopicAdmin(kafka_bootstrap) as admin:
        await admin.change("live", {"max.message.bytes": "2000000"})  # somebody else does
    changed = wanted(live=DAY, partitions=6) | {"Bootstrap": kafka_bootstrap}
    event = {"RequestType": "Update", "ResourceProperties": changed, "OldResourceProperties": properties}
    assert (await topics.main(event, TopicAdmin, until=until))["Data"]["live"] == "12"
    async with TopicAdmin(kafka_bootstrap) as admin:
        assert await admin.settings("live") == {"retention.ms": DAY, "max.message.bytes": "2000000"}
        with pytest.raises(TopicRefused):
            await admin.make(Topic(name="other", partitions=1, settings={"no.such.setting": "1"}))


@pytest.mark.kafka
async def test_topics_that_are_there_are_found_in_any_kafka(kafka_bootstrap: str) -> None:
    properties = {
        "Bootstrap": kafka_bootstrap,
        "ClusterArn": CLUSTER,
        "Topics": {"liveMessageTopic": {"Partitions": "12", "Settings": {"retention.ms": HOUR}}},
    }
    event = {"RequestType": "Create", "ResourceProperties": properties}
    answer = await topics.main(event, TopicAdmin, until=time.monotonic() + 30)
    assert answer["Data"] == {"liveMessageTopic": "12"}


async def test_an_address_where_nobody_listens_is_unavailable() -> None:
    with pytest.raises(LogUnavailable):
        async with TopicAdmin("127.0.0.1:1"):
            pass
