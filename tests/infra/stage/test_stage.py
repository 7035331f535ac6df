"""cdk.json's stages: what they say, and every mistake in a line of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_logs as logs

from infra.stage.context import read_context
from infra.stage.stage import Stage, StageError
from infra.stage.types import RETENTIONS
from tests.infra.kinds import merged
from tests.infra.synthesis import ROOT

STAGES = read_context(ROOT / "cdk.json")["stages"]
VPC = {
    "vpc_id": "vpc-0a1b2c3d",
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
}
CLUSTER = {
    "kind": "existing",
    "cluster_arn": "arn:aws:kafka:eu-central-1:111122223333:cluster/rooms/0a1b-2",
    "security_group_id": "sg-0a1b2c3d",
    "live_retention_minutes": 60,
    "save_retention_hours": 24,
}
CACHE = {
    "kind": "existing",
    "name": "rooms",
    "host": "rooms.example",
    "user_id": "rooms",
    "security_group_id": "sg-0a1b2c3d",
}
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b-2"
WEB_ACL = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/rooms/0a1b-2"


def read(**changes: Any) -> Stage:
    return Stage.of("dev", {"dev": merged(STAGES["dev"], changes)})


def mistakes(**changes: Any) -> list[str]:
    """What is said of `dev` with changes: the lines after the first, which names the stage."""
    with pytest.raises(StageError) as refused:
        read(**changes)
    first, *lines = str(refused.value).splitlines()
    assert first == "stage 'dev' in cdk.json:"
    assert all(line.startswith("  ") for line in lines)
    return [line.strip() for line in lines]


@pytest.mark.parametrize("name", sorted(STAGES))
def test_the_stages_that_are_there_are_right(name: str) -> None:
    assert Stage.of(name, STAGES).name == name


def test_every_mistake_is_named_at_once_and_in_the_words_of_cdk_json() -> None:
    said = mistakes(
        auth_mode="opn",
        allowed_origins=["https://shop.example", "https://shop.example/"],
        alarm_email=3,
        log_retention="ONE_YEER",
        snap_start="no",
        network={"nat_gateways": 2.5},
        kafka={"volume_gb": 0, "color": "red"},
        relay=None,
        rates={"chat_per_second": float("inf")},
        throttles={"http": []},
        reserved={"api": True},
        colour="red",
    )
    assert said == [
        "auth_mode: must be 'open' or 'token', not 'opn'",
        "allowed_origins[1]: must be like 'https://shop.example', not 'https://shop.example/'",
        "alarm_email: must be text, not 3",
        f"log_retention: must be one of {', '.join(RETENTIONS)}, not 'ONE_YEER'",
        "snap_start: must be true or false, not 'no'",
        "network.nat_gateways: must be a whole number, not 2.5",
        "kafka.volume_gb: must be at least 1, not 0",
        "kafka.color: there is no such setting",
        "relay: must be a table",
        "rates.chat_per_second: must be a number",
        "throttles.http: must be a table",
        "reserved.api: must be a whole number, not True",
        "colour: there is no such setting",
    ]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(StageError) as refused:
        Stage.of("dev", {"dev": {"kafka": {"kind": "provisioned"}, "cache": {}}})
    said = str(refused.value).splitlines()
    assert "  auth_mode: is not set" in said
    assert "  kafka.broker_type: is not set" in said
    assert "  cache: its kind is not set" in said
    assert "  edge: is not set" in said


def test_a_kind_that_there_is_not_is_told_from_those_there_are() -> None:
    assert mistakes(kafka={"kind": "confluent"}) == [
        "kafka: its kind must be one of 'provisioned', 'serverless', 'existing', not 'confluent'"
    ]


def test_the_retentions_are_those_of_the_cdk() -> None:
    assert set(RETENTIONS) == {one.name for one in logs.RetentionDays}


def test_nat_needs_gateways_and_ipv6_has_none() -> None:
    assert mistakes(network={"nat_gateways": 0}) == [
        "network.nat_gateways: with egress 'nat' there must be one at least"
    ]
    assert mistakes(network={"egress": "ipv6", "nat_gateways": 1}) == [
        "network.nat_gateways: there are none with egress 'ipv6': leave it out"
    ]
    assert read(network={"egress": "ipv6", "nat_gateways": 0}).network.egress == "ipv6"


def test_there_are_no_more_gateways_than_zones() -> None:
    assert mistakes(network={"nat_gateways": 3}) == [
        "network.nat_gateways: there is one for each of the 2 zones at most, not 3"
    ]
    assert mistakes(network={"nat_gateways": 4}) == ["network.nat_gateways: must be at most 3, not 4"]
    three = {"availability_zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"], "nat_gateways": 3}
    assert read(network=three).zones == 3
    assert read(kafka={"brokers": 3}).zones == 3


def test_a_network_that_is_there_keeps_its_gateways_and_has_a_subnet_a_zone() -> None:
    assert mistakes(network={"existing": VPC}) == ["network.nat_gateways: an existing VPC keeps its own: leave it out"]
    assert mistakes(network={"nat_gateways": 0, "existing": VPC, "flow_logs": "all"}) == [
        "network.flow_logs: an existing VPC keeps its own: leave it out"
    ]
    assert read(network={"nat_gateways": 0, "existing": VPC}).network.existing is not None
    short = {**VPC, "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d", "subnet-2a1b2c3d"]}
    short["private_route_table_ids"] = ["rtb-0a1b2c3d"]
    assert mistakes(network={"nat_gateways": 0, "existing": short}) == [
        "network.existing.private_subnet_ids: there must be one for each of the 2 availability_zones, not 3",
        "network.existing.private_route_table_ids: there must be one for each of the 2 availability_zones, not 1",
    ]
    assert mistakes(
        network={"nat_gateways": 0, "existing": {**VPC, "availability_zones": ["eu-central-1", "us-west-2-lax-1a"]}}
    ) == ["network.existing.availability_zones[0]: must be like 'eu-central-1a', not 'eu-central-1'"]


def test_of_a_list_what_is_wrong_in_it_is_counted_too() -> None:
    one = {**VPC, "availability_zones": ["a"]}
    assert mistakes(network={"nat_gateways": 0, "existing": one}) == [
        "network.existing.availability_zones[0]: must be like 'eu-central-1a', not 'a'",
        "network.existing.availability_zones: there must be 2 at least, not 1",
    ]
    many = {**VPC, "availability_zones": ["eu-central-1a"] * 5}
    assert mistakes(network={"nat_gateways": 0, "existing": many}) == [
        "network.existing.availability_zones: there must be 3 at most, not 5"
    ]


@pytest.mark.parametrize("origin", ["https://shop.example:99999", "https://shop.example:0", "https://shop.example:"])
def test_an_origin_has_a_port_that_there_is(origin: str) -> None:
    assert mistakes(allowed_origins=[origin]) == [
        f"allowed_origins[0]: must be like 'https://shop.example', not '{origin}'"
    ]


def test_an_origin_may_have_a_port_a_scheme_of_its_own_or_a_number_for_a_name() -> None:
    origins = ("https://shop.example:65535", "http://[::1]:8000", "http://127.0.0.1:1", "chrome-extension://abcdef")
    assert read(allowed_origins=list(origins)).allowed_origins == origins


def test_nothing_is_archived_for_longer_than_a_clock_can_tell() -> None:
    assert mistakes(archive={"days": 10**12}) == ["archive.days: must be at most 36500, not 1000000000000"]


def test_only_a_network_that_is_there_can_have_endpoints_already() -> None:
    assert mistakes(network={"endpoints": False}) == [
        "network.endpoints: a new VPC has none that could be used: leave it out"
    ]


@pytest.mark.parametrize("box", [{"kafka": CLUSTER}, {"cache": CACHE}])
def test_what_is_there_already_is_in_a_network_that_is_there_already(box: dict[str, Any]) -> None:
    (name,) = box
    assert mistakes(**box) == [
        f"{name}: what is there already is reached from its own VPC only: name that in network.existing"
    ]
    assert read(network={"nat_gateways": 0, "existing": VPC}, **box).network.existing is not None


def test_what_is_to_be_archived_is_kept_as_long_as_what_is_to_be_shown() -> None:
    assert mistakes(kafka={"live_retention_minutes": 121, "save_retention_hours": 2}) == [
        "kafka.save_retention_hours: what is to be archived must be kept for as long as live_retention_minutes"
    ]


def test_the_only_way_in_is_a_distribution_and_its_key_is_not_the_name_of_another() -> None:
    none = "it is for CloudFront's distribution, and there is none: edge.distribution is false"
    assert mistakes(edge={"distribution": False, "only": True}) == [f"edge.only: {none}"]
    for key in ("current", "", "a b", "a:b"):
        assert mistakes(edge={"distribution": True, "only": True, "key": key}) == [
            f"edge.key: must be like '2027-01', not {key!r}"
        ]


def test_a_domain_and_a_web_acl_are_for_a_distribution() -> None:
    domain = {"name": "rooms.shop.example", "certificate_arn": CERTIFICATE}
    none = "it is for CloudFront's distribution, and there is none: edge.distribution is false"
    assert mistakes(edge={"domain": domain, "web_acl_arn": WEB_ACL}) == [
        f"edge.domain: {none}",
        f"edge.web_acl_arn: {none}",
    ]
    assert read(edge={"distribution": True, "domain": domain, "web_acl_arn": WEB_ACL}).edge.domain is not None


def test_certificates_of_other_regions_are_of_no_use_to_cloudfront() -> None:
    domain = {"name": "rooms.shop.example", "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-central-1")}
    (said,) = mistakes(edge={"distribution": True, "domain": domain})
    assert said.startswith("edge.domain.certificate_arn: must be like 'arn:aws:acm:us-east-1:")


def test_mappings_poll_by_themselves_unless_all_of_them_have_pollers() -> None:
    assert read().has_on_demand_mappings
    assert read(relay={"low_latency": True}).has_on_demand_mappings
    assert not read(relay={"low_latency": True}, archive={"mode": "provisioned"}).has_on_demand_mappings


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        (None, "cdk.json has no table of stages, context.stages"),
        ({"dev": {}, "prod": {}}, "no stage 'moon' in cdk.json; it has dev, prod"),
        ({"moon": []}, "stage 'moon' in cdk.json is no table"),
    ],
)
def test_a_stage_that_is_not_there_is_refused_in_one_line(stages: Any, said: str) -> None:
    with pytest.raises(StageError) as refused:
        Stage.of("moon", stages)
    assert str(refused.value) == said


def test_a_stages_name_is_one_that_a_stack_can_bear() -> None:
    with pytest.raises(StageError, match="name: must be like 'prod', not 'My Stage'"):
        Stage.of("My Stage", {"My Stage": STAGES["dev"]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "has no table context"),
        (json.dumps({"context": []}), "has no table context"),
        (None, "cannot be read"),
    ],
)
def test_a_cdk_json_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "cdk.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(StageError) as refused:
        read_context(file)
    assert str(refused.value).startswith(f"cdk.json {said}")
    assert "\n" not in str(refused.value)


KEY = "arn:aws:kms:eu-central-1:111122223333:key/0a1b-2"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rooms-0a1B2c"


def test_what_a_stage_names_is_in_its_account_and_its_region() -> None:
    network = {"nat_gateways": 0, "existing": VPC}
    assert mistakes(account="444455556666", kafka=CLUSTER, network=network) == [
        "kafka.cluster_arn: it is in the account 111122223333, and the stage in 444455556666"
    ]
    assert mistakes(region="eu-west-1", kafka=CLUSTER, network=network) == [
        "kafka.cluster_arn: it is in eu-central-1, and the stage in eu-west-1",
        "network.existing.availability_zones[0]: eu-central-1a is not in eu-west-1",
        "network.existing.availability_zones[1]: eu-central-1b is not in eu-west-1",
    ]
    # Without either: one account and one Region all the same.
    other = SECRET.replace("111122223333", "444455556666")
    (said,) = mistakes(token_secret_arn=other, kafka=CLUSTER, network=network)
    assert said == "kafka.cluster_arn: it is in the account 111122223333, and the stage in 444455556666"
    china = SECRET.replace("eu-central-1", "cn-north-1")
    assert mistakes(token_secret_arn=china) == ["token_secret_arn: the ARNs of cn-north-1 begin with arn:aws-cn"]
    # Others may share their keys, and CloudFront's things are in us-east-1.
    shared = {"kms_key_arn": KEY.replace("111122223333", "444455556666")}
    domain = {"name": "rooms.shop.example", "certificate_arn": CERTIFICATE}
    edge = {"distribution": True, "domain": domain, "web_acl_arn": WEB_ACL}
    assert read(account="111122223333", region="eu-central-1", cache=shared, edge=edge).region == "eu-central-1"


def test_accounts_regions_tags_and_keys_have_their_forms() -> None:
    said = mistakes(
        account="1111", region="Frankfurt", protect="yes", tags={"aws:x": "1", "team": 3}, deployment="blue"
    )
    assert [line.partition(":")[0] for line in said] == [
        "account",
        "region",
        "protect",
        "tags.aws",
        "tags.team",
        "deployment",
    ]
    assert mistakes(kafka={"kms_key_arn": "alias/rooms"}) == [
        f"kafka.kms_key_arn: must be like '{KEY}', not 'alias/rooms'"
    ]
    assert mistakes(token_secret_kms_key_arn=KEY) == [
        "token_secret_kms_key_arn: it is for a secret of yours, and token_secret_arn is not set"
    ]


def test_zones_are_of_a_new_vpc_and_there_is_one_for_each_broker() -> None:
    assert mistakes(network={"nat_gateways": 0, "existing": VPC, "availability_zones": ["eu-central-1a"] * 2}) == [
        "network.availability_zones: an existing VPC has its own, in network.existing: leave it out"
    ]
    assert mistakes(network={"availability_zones": ["eu-central-1a"] * 2}) == [
        "network.availability_zones: a zone is listed twice"
    ]
    two = {"availability_zones": ["eu-central-1a", "eu-central-1b"]}
    for network in (two, {"nat_gateways": 0, "existing": VPC}):
        (said,) = mistakes(kafka={"brokers": 3}, network=network)
        assert said.startswith("kafka: 3 brokers are in 3 zones, and network.")
    assert mistakes(kafka={"volume_gb": 20, "volume_max_gb": 20}) == [
        "kafka.volume_max_gb: must be more than volume_gb, which is 20"
    ]


def test_a_table_of_yours_is_never_deleted_and_has_no_generation() -> None:
    assert mistakes(archive={"table": "restored"}) == [
        "archive.table: the stack does not delete a table that it has not made: set archive.keep to true"
    ]
    assert mistakes(archive={"table": "restored", "keep": True, "generation": 2}) == [
        "archive.table: archive.generation is for tables that the stack makes: leave one of the two out"
    ]


def test_a_domain_is_of_the_api_that_is_called_there() -> None:
    regional = {"name": "a.shop.example", "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-central-1")}
    assert mistakes(edge={"distribution": True, "websocket_domain": regional}) == [
        "edge.websocket_domain: viewers connect to CloudFront, since edge.distribution is true: use edge.domain"
    ]
    assert mistakes(edge={"distribution": True, "only": True, "http_domain": regional}) == [
        "edge.http_domain: CloudFront serves the HTTP API, since edge.only is true: use edge.domain"
    ]
    assert mistakes(edge={"websocket_domain": regional, "http_domain": regional}) == [
        "edge.http_domain: API Gateway has a WebSocket API and an HTTP API at two domains: name another one"
    ]


def test_what_a_region_of_china_lacks_is_refused_by_name() -> None:
    asked = {
        "region": "cn-north-1",
        "snap_start": True,
        "network": {"egress": "ipv6", "nat_gateways": 0},
        "relay": {"low_latency": True},
        "archive": {"mode": "provisioned"},
        "edge": {"distribution": True},
    }
    assert [line.partition(":")[0] for line in mistakes(**asked)] == [
        *("snap_start", "relay.low_latency", "archive.mode", "edge.distribution", "network.egress")
    ]
    assert mistakes(region="cn-south-1") == ["region: must be cn-north-1 or cn-northwest-1, not 'cn-south-1'"]
    assert read(region="cn-northwest-1").region == "cn-northwest-1"
