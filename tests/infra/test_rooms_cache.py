import json
from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from functions.manifest import REDIS_ACCESS, needs_of
from infra.network import Network
from infra.rooms_cache import RoomsCache
from infra.stage.stage import Stage
from tests.infra.cloud import Cloud, id_in

EXISTING = {
    "kind": "existing",
    "name": "shared",
    "host": "shared.cache.example",
    "user_id": "rooms",
    "security_group_id": "sg-0a1b2c3d",
}
NETWORK = {
    "egress": "nat",
    "existing": {
        "vpc_id": "vpc-0a1b2c3d",
        "availability_zones": ["us-east-1a", "us-east-1b"],
        "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
    },
}


def test_the_cache_is_valkey_in_the_private_subnets_within_the_sizes_of_the_stage(cloud: Cloud) -> None:
    cache = cloud.only("AWS::ElastiCache::ServerlessCache")
    assert (cache["Engine"], cache["MajorEngineVersion"]) == ("valkey", "8")
    assert cache["CacheUsageLimits"] == {
        "DataStorage": {"Maximum": 10, "Unit": "GB"},
        "ECPUPerSecond": {"Maximum": 100_000},
    }
    subnets = cloud.all("AWS::EC2::Subnet")
    assert [subnets[id_in(id)]["MapPublicIpOnLaunch"] for id in cache["SubnetIds"]] == [False, False]


def test_the_name_of_the_cache_is_one_that_iam_authentication_takes(cloud: Cloud) -> None:
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html: lower case, at most 40 characters
    name = cloud.only("AWS::ElastiCache::ServerlessCache")["ServerlessCacheName"]
    assert name == name.lower()
    assert len(name) <= 40


def test_only_who_signs_in_through_iam_is_let_in_and_may_do_what_the_functions_do(cloud: Cloud) -> None:
    user, group = cloud.only("AWS::ElastiCache::User"), cloud.only("AWS::ElastiCache::UserGroup")
    assert (user["Engine"], user["AuthenticationMode"]) == ("valkey", {"Type": "iam"})
    assert user["UserId"] == user["UserName"] == user["UserId"].lower()
    assert user["AccessString"] == REDIS_ACCESS
    (user_id,) = cloud.all("AWS::ElastiCache::User")
    assert (group["Engine"], group["UserIds"]) == ("valkey", [f"<{user_id}>"])
    (group_id,) = cloud.all("AWS::ElastiCache::UserGroup")
    assert cloud.only("AWS::ElastiCache::ServerlessCache")["UserGroupId"] == f"<{group_id}>"


def test_functions_are_told_as_whom_to_sign_in_to_which_cache(cloud: Cloud) -> None:
    name = cloud.only("AWS::ElastiCache::ServerlessCache")["ServerlessCacheName"]
    user = cloud.only("AWS::ElastiCache::User")["UserId"]
    signing_in = [one for one in cloud.functions() if "redis" in needs_of(one.partition("-")[0])]
    assert {"connect", "message", "relay-0", "sweep", "api"} <= {*signing_in}
    for one in signing_in:
        told = cloud.functions()[one]["Environment"]["Variables"]
        assert (told["REDIS_AUTH"], told["REDIS_CACHE"], told["REDIS_USER"]) == ("iam", name, user), one
        assert told["REDIS_URL"] == "rediss://rooms.cache.example:6379", one


def test_an_existing_cache_is_signed_in_to_under_its_own_names_and_none_is_made() -> None:
    stages = json.loads(Path("cdk.json").read_text())["context"]["stages"]
    stage = Stage.of("dev", {"dev": stages["dev"] | {"cache": EXISTING, "network": NETWORK}})
    stack = Stack(App(), "Stack")
    rooms = RoomsCache(stack, "RoomsCache", network=Network(stack, "Network", stage=stage), stage=stage)
    assert (rooms.name, rooms.user_id, rooms.url) == ("shared", "rooms", "rediss://shared.cache.example:6379")
    assert rooms.group.security_group_id == "sg-0a1b2c3d"
    assert [arn.split(":", 5)[5] for arn in rooms.arns()] == ["serverlesscache:shared", "user:rooms"]
    kinds = {resource["Type"] for resource in Template.from_stack(stack).to_json()["Resources"].values()}
    assert not [kind for kind in kinds if "ElastiCache" in kind]
