"""Edits of a stage, each with the settings that it changes: together they change every setting.

Settings that do the same to a stack are changed together, since a synthesis takes a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.infra.cloud import JsonObject
from tests.infra.kinds import (
    DOMAIN,
    HTTP_DOMAIN,
    KAFKAS,
    KEY,
    NETWORKS,
    THEIR_CACHE,
    THEIR_KAFKA,
    THEIR_VPC,
    WEB_ACL,
    WEBSOCKET_DOMAIN,
)

SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rooms-0a1B2c"
REVIEW = "arn:aws:lambda:eu-central-1:111122223333:function:review:live"
IDENTITY = {
    "issuer": "https://login.example/",
    "audience": "live-rooms",
    "jwks_url": "https://login.example/.well-known/jwks.json",
}
OTHER_IDENTITY: JsonObject = {
    "issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
    "audience": "1example23456789",
    "jwks_url": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1/.well-known/jwks.json",
    "claims": {
        "user": "email",
        "name": "cognito:username",
        "avatar": "custom:avatar",
        "attributes": "custom:attributes",
        "caps": "cognito:groups",
        "rooms": "custom:rooms",
    },
}
OTHER_VPC = {
    "vpc_id": "vpc-1a1b2c3d",
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "private_subnet_ids": ["subnet-2a1b2c3d", "subnet-3a1b2c3d"],
}
SERVERLESS = KAFKAS["serverless"]
IN_THEIRS: JsonObject = {**NETWORKS["their nat"], "kafka": THEIR_KAFKA, "cache": THEIR_CACHE}
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


@dataclass(frozen=True)
class Edit:
    """`settings` change from one stage to another: both are `dev` with changes. `settings` may name tables."""

    settings: tuple[str, ...]
    after: JsonObject
    before: JsonObject = field(default_factory=dict)


def _network(**changes: object) -> JsonObject:
    return {"network": {"egress": "nat", "nat_gateways": 1, **changes}}


def _edge(**changes: object) -> JsonObject:
    return {"edge": {"distribution": True, **changes}}


WITH_GALLERY = {**_edge(), "gallery": {}}

EDITS: Mapping[str, Edit] = {
    "what functions are told": Edit(
        (
            *("auth_mode", "allowed_origins", "api_docs", "heartbeat_seconds", "log_level", "rates"),
            *("relay.posts_per_second", "archive.days"),
        ),
        {
            "auth_mode": "open",
            "allowed_origins": ["https://shop.example"],
            "api_docs": False,
            "heartbeat_seconds": 30,
            "log_level": "INFO",
            "rates": {
                **{f"{kind}_burst": 7 for kind in ("chat", "other", "join")},
                **{f"{kind}_per_second": 0.5 for kind in ("chat", "other", "join")},
                "seats_per_user": 2,
                "flood_refusals": 50,
                "flood_seconds": 5,
            },
            "relay": {"posts_per_second": 9000},
            "archive": {"days": 31},
        },
    ),
    "tags": Edit(("tags",), {"tags": {"team": "live"}}),
    "tags, with MSK Serverless": Edit(("tags",), {**SERVERLESS, "tags": {"team": "live"}}, SERVERLESS),
    "a canary": Edit(("deployment",), {"deployment": "canary"}),
    "a line in place of a canary": Edit(("deployment",), {"deployment": "linear"}, {"deployment": "canary"}),
    "versions that stay": Edit(("keep_versions",), {"keep_versions": True}),
    "a key of yours for the logs": Edit(("log_kms_key_arn",), {"log_kms_key_arn": KEY}),
    "token keys of yours": Edit(
        ("token_secret_arn", "token_secret_kms_key_arn"),
        {"token_secret_arn": SECRET, "token_secret_kms_key_arn": KEY},
    ),
    "throttles": Edit(
        ("throttles",),
        {"throttles": {api: {"per_second": 9, "burst": 9} for api in ("websocket", "http", "moderation")}},
    ),
    "a gallery": Edit(("gallery",), WITH_GALLERY, _edge()),
    "how the gallery is read": Edit(
        ("gallery.from_seats", "gallery.beats_per_second", "gallery.spare_from"),
        {**_edge(), "gallery": {"from_seats": 10, "beats_per_second": 9, "spare_from": 8}},
        WITH_GALLERY,
    ),
    "reviews of chats": Edit(("review",), {"review": {"function_arn": REVIEW}}),
    "how a review is waited for": Edit(
        ("review.timeout_ms", "review.on_failure"),
        {"review": {"function_arn": REVIEW, "timeout_ms": 500, "on_failure": "deny"}},
        {"review": {"function_arn": REVIEW}},
    ),
    "tokens of an identity provider": Edit(("identity",), {"identity": IDENTITY}),
    "another identity provider": Edit(
        ("identity.issuer", "identity.audience", "identity.jwks_url", "identity.claims"),
        {"identity": OTHER_IDENTITY},
        {"identity": IDENTITY},
    ),
    "reserved": Edit(("reserved",), {"reserved": dict.fromkeys(("connect", "message", "disconnect", "api"), 5)}),
    "who is told, and how long logs are kept": Edit(
        ("alarm_email", "log_retention"), {"alarm_email": "ops@example.com", "log_retention": "ONE_MONTH"}
    ),
    "snapshots": Edit(("snap_start",), {"snap_start": True}),
    "more slices": Edit(("relay.slices",), {"relay": {"slices": 3}}),
    "low latency": Edit(("relay.low_latency",), {"relay": {"low_latency": True}}),
    "the archive's mode": Edit(("archive.mode",), {"archive": {"mode": "provisioned"}}),
    "keep the archive": Edit(("archive.keep",), {"archive": {"keep": True}}),
    "another table": Edit(("archive.generation",), {"archive": {"generation": 2}}),
    "a table of yours": Edit(
        ("archive.table",), {"archive": {"keep": True, "table": "restored"}}, {"archive": {"keep": True}}
    ),
    "a key of yours for the table": Edit(("archive.kms_key_arn",), {"archive": {"kms_key_arn": KEY}}),
    "more NAT, and flow logs": Edit(
        ("network.nat_gateways", "network.flow_logs"), _network(nat_gateways=2, flow_logs="all")
    ),
    "another way out": Edit(("network.egress",), _network(egress="ipv6", nat_gateways=0)),
    "zones by name": Edit(("network.availability_zones",), _network(availability_zones=ZONES[:2])),
    "a third zone": Edit(
        ("network.availability_zones",), _network(availability_zones=ZONES), _network(availability_zones=ZONES[:2])
    ),
    "other zones": Edit(
        ("network.availability_zones",), _network(availability_zones=ZONES[1:]), _network(availability_zones=ZONES[:2])
    ),
    "into a VPC of yours": Edit(("network.existing",), NETWORKS["their nat"]),
    "into another VPC of yours": Edit(
        ("network.existing",), _network(nat_gateways=0, existing=OTHER_VPC), NETWORKS["their nat"]
    ),
    "into another VPC of yours, with MSK Serverless": Edit(
        ("network.existing",),
        {**SERVERLESS, **_network(nat_gateways=0, existing=OTHER_VPC)},
        {**SERVERLESS, **NETWORKS["their nat"]},
    ),
    "endpoints, and a way to DynamoDB": Edit(
        ("network.endpoints", "network.existing.private_route_table_ids"),
        {
            "network": {
                **NETWORKS["their ipv6"]["network"],
                "existing": {**THEIR_VPC, "private_route_table_ids": ["rtb-0a1b2c3d", "rtb-1a1b2c3d"]},
                "endpoints": False,
            }
        },
        NETWORKS["their ipv6"],
    ),
    "how long the log keeps records": Edit(
        ("kafka.live_retention_minutes", "kafka.save_retention_hours"),
        {"kafka": {"live_retention_minutes": 30, "save_retention_hours": 48}},
    ),
    "how long MSK Serverless keeps records": Edit(
        ("kafka.live_retention_minutes", "kafka.save_retention_hours"),
        {"kafka": {**SERVERLESS["kafka"], "live_retention_minutes": 30, "save_retention_hours": 48}},
        SERVERLESS,
    ),
    "larger brokers": Edit(
        ("kafka.broker_type", "kafka.volume_gb", "kafka.volume_max_gb"),
        {"kafka": {"broker_type": "kafka.m7g.large", "volume_gb": 20, "volume_max_gb": 100}},
    ),
    "no logs of brokers": Edit(("kafka.broker_logs",), {"kafka": {"broker_logs": False}}),
    "a third broker, and a third zone": Edit(("kafka.brokers",), {"kafka": {"brokers": 3}}),
    "a third broker": Edit(
        ("kafka.brokers",),
        {**_network(availability_zones=ZONES), "kafka": {"brokers": 3}},
        _network(availability_zones=ZONES),
    ),
    "another cluster": Edit(("kafka.generation",), {"kafka": {"generation": 2}}),
    "another cluster of MSK Serverless": Edit(
        ("kafka.generation",), {"kafka": {**SERVERLESS["kafka"], "generation": 2}}, SERVERLESS
    ),
    "a key of yours for the brokers": Edit(("kafka.kms_key_arn",), {"kafka": {"kms_key_arn": KEY}}),
    "brokers to MSK Serverless": Edit(("kafka.kind",), SERVERLESS),
    "MSK Serverless to brokers": Edit(("kafka.kind",), {}, SERVERLESS),
    "brokers to a cluster of yours": Edit(
        ("kafka.kind", "kafka.cluster_arn", "kafka.security_group_id"),
        {**NETWORKS["their nat"], "kafka": THEIR_KAFKA},
        NETWORKS["their nat"],
    ),
    "MSK Serverless to a cluster of yours": Edit(
        ("kafka.kind",), {**NETWORKS["their nat"], "kafka": THEIR_KAFKA}, {**NETWORKS["their nat"], **SERVERLESS}
    ),
    "a cluster of yours to brokers": Edit(
        ("kafka.kind",), NETWORKS["their nat"], {**NETWORKS["their nat"], "kafka": THEIR_KAFKA}
    ),
    "a cluster of yours to MSK Serverless": Edit(
        ("kafka.kind",), {**NETWORKS["their nat"], **SERVERLESS}, {**NETWORKS["their nat"], "kafka": THEIR_KAFKA}
    ),
    "another cluster of yours": Edit(
        ("kafka.cluster_arn", "kafka.security_group_id"),
        {
            **IN_THEIRS,
            "kafka": {
                **THEIR_KAFKA,
                "cluster_arn": "arn:aws:kafka:eu-central-1:444455556666:cluster/others/0c1d-3",
                "security_group_id": "sg-2a1b2c3d",
            },
        },
        IN_THEIRS,
    ),
    "topics of yours": Edit(
        ("kafka.make_topics",), {**IN_THEIRS, "kafka": {**THEIR_KAFKA, "make_topics": False}}, IN_THEIRS
    ),
    "a larger cache": Edit(
        ("cache.max_gb", "cache.max_ecpu_per_second"), {"cache": {"max_gb": 2, "max_ecpu_per_second": 6000}}
    ),
    "a key of yours for the cache": Edit(("cache.kms_key_arn",), {"cache": {"kms_key_arn": KEY}}),
    "a cache of yours": Edit(
        ("cache.kind", "cache.name", "cache.host", "cache.user_id", "cache.security_group_id"),
        {**NETWORKS["their nat"], "cache": THEIR_CACHE},
        NETWORKS["their nat"],
    ),
    "a cache of ours": Edit(("cache.kind",), NETWORKS["their nat"], {**NETWORKS["their nat"], "cache": THEIR_CACHE}),
    "another cache of yours": Edit(
        ("cache.name", "cache.host", "cache.port", "cache.user_id", "cache.security_group_id"),
        {
            **IN_THEIRS,
            "cache": {
                **THEIR_CACHE,
                "name": "others",
                "host": "others.cache.example",
                "port": 6380,
                "user_id": "others",
                "security_group_id": "sg-3a1b2c3d",
            },
        },
        IN_THEIRS,
    ),
    "CloudFront": Edit(("edge.distribution",), _edge()),
    "CloudFront alone, with a web ACL": Edit(
        ("edge.only", "edge.web_acl_arn"), _edge(only=True, web_acl_arn=WEB_ACL), _edge()
    ),
    "pages": Edit(("edge.page",), _edge(page=True), _edge()),
    "a domain of CloudFront": Edit(("edge.domain",), _edge(domain=DOMAIN), _edge()),
    "another domain of CloudFront": Edit(
        ("edge.domain",), _edge(domain={**DOMAIN, "name": "live.example.com"}), _edge(domain=DOMAIN)
    ),
    "another key of the edge": Edit(("edge.key",), _edge(only=True, key="2027-01"), _edge(only=True)),
    "domains of the APIs": Edit(
        ("edge.websocket_domain", "edge.http_domain"),
        {"edge": {"websocket_domain": WEBSOCKET_DOMAIN, "http_domain": HTTP_DOMAIN}},
    ),
    "another domain of the WebSocket API": Edit(
        ("edge.websocket_domain",),
        {"edge": {"websocket_domain": {**WEBSOCKET_DOMAIN, "name": "live.example.com"}}},
        {"edge": {"websocket_domain": WEBSOCKET_DOMAIN}},
    ),
    "a domain that moves to CloudFront": Edit(
        ("edge.distribution", "edge.domain", "edge.websocket_domain"),
        _edge(domain={**DOMAIN, "name": WEBSOCKET_DOMAIN["name"]}),
        {"edge": {"websocket_domain": {**WEBSOCKET_DOMAIN, "hosted_zone_id": DOMAIN["hosted_zone_id"]}}},
    ),
    "a domain that moves to the other API": Edit(
        ("edge.websocket_domain", "edge.http_domain"),
        {"edge": {"http_domain": WEBSOCKET_DOMAIN}},
        {"edge": {"websocket_domain": WEBSOCKET_DOMAIN}},
    ),
    "no access logs": Edit(
        ("edge.access_logs", "edge.access_logs_role"), {"edge": {"access_logs": False, "access_logs_role": False}}
    ),
}
