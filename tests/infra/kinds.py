"""The kinds of stack that cdk.json can ask for: its stages, each with other brokers, another network or cache."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from infra.stage.context import read_context
from infra.stage.stage import Stage
from tests.infra.cloud import Cloud, JsonObject
from tests.infra.synthesis import ROOT

STAGES: JsonObject = read_context(ROOT / "cdk.json")["stages"]

THEIR_VPC = {
    "vpc_id": "vpc-0a1b2c3d",
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
}
RETENTION = {"live_retention_minutes": 60, "save_retention_hours": 24}
THEIR_KAFKA = {
    "kind": "existing",
    "cluster_arn": "arn:aws:kafka:eu-central-1:444455556666:cluster/theirs/0c1d-3",
    "security_group_id": "sg-0a1b2c3d",
    **RETENTION,
}
THEIR_CACHE = {
    "kind": "existing",
    "name": "theirs",
    "host": "theirs.cache.example",
    "user_id": "rooms",
    "security_group_id": "sg-1a1b2c3d",
}
DOMAIN = {
    "name": "rooms.example.com",
    "certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
}
WEB_ACL = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/rooms/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"

KEY = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
WEBSOCKET_DOMAIN = {
    "name": "ws.example.com",
    "certificate_arn": "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
}
HTTP_DOMAIN = {**WEBSOCKET_DOMAIN, "name": "api.example.com"}
# What a stage must do without in a Region of China.
IN_CHINA: JsonObject = {
    "region": "cn-north-1",
    "snap_start": False,
    "relay": {"low_latency": False},
    "archive": {"mode": "on_demand"},
    "edge": {"distribution": False},
}

KAFKAS: dict[str, JsonObject] = {
    "brokers": {},
    "serverless": {"kafka": {"kind": "serverless", **RETENTION}},
    "theirs": {"kafka": THEIR_KAFKA},
}
NETWORKS: dict[str, JsonObject] = {
    "nat": {"network": {"egress": "nat", "nat_gateways": 1, "flow_logs": None}},
    "ipv6": {"network": {"egress": "ipv6", "nat_gateways": 0, "flow_logs": "all"}},
    "their nat": {"network": {"egress": "nat", "nat_gateways": 0, "flow_logs": None, "existing": THEIR_VPC}},
    "their ipv6": {"network": {"egress": "ipv6", "nat_gateways": 0, "flow_logs": None, "existing": THEIR_VPC}},
}
CACHES: dict[str, JsonObject] = {"new cache": {}, "their cache": {"cache": THEIR_CACHE}}

# Each of these with each other once, where they go together; all with all would take minutes.
CHOSEN = (
    ("dev", "brokers", "nat", "new cache"),
    ("prod", "brokers", "ipv6", "new cache"),
    ("dev", "brokers", "their nat", "their cache"),
    ("dev", "brokers", "their ipv6", "new cache"),
    ("prod", "serverless", "nat", "new cache"),
    ("dev", "serverless", "ipv6", "new cache"),
    ("prod", "serverless", "their nat", "new cache"),
    ("dev", "serverless", "their ipv6", "their cache"),
    ("dev", "theirs", "their nat", "new cache"),
    ("prod", "theirs", "their ipv6", "their cache"),
)

ODD: dict[str, tuple[str, JsonObject]] = {
    "prod": ("prod", {}),
    "prod, a domain and a web ACL": (
        "prod",
        {"edge": {"domain": DOMAIN, "web_acl_arn": WEB_ACL, "only": True, "page": True}, "gallery": {}},
    ),
    "dev, pages": (
        "dev",
        {"allowed_origins": ["https://shop.example"], "edge": {"distribution": True, "page": True}},
    ),
    "dev, no logs": ("dev", {"edge": {"access_logs": False}, "kafka": {"broker_logs": False}}),
    "dev, everything of yours": (
        "dev",
        {
            "account": "111122223333",
            "region": "eu-central-1",
            "protect": True,
            "tags": {"team": "live", "cost-center": "42"},
            "deployment": "canary",
            "keep_versions": True,
            "token_secret_arn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rooms-0a1B2c",
            "token_secret_kms_key_arn": KEY,
            "log_kms_key_arn": KEY,
            "network": {"availability_zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"], "nat_gateways": 3},
            "kafka": {"brokers": 3, "kms_key_arn": KEY, "volume_max_gb": 100},
            "cache": {"kms_key_arn": KEY},
            "archive": {"keep": True, "kms_key_arn": KEY},
            "edge": {"websocket_domain": WEBSOCKET_DOMAIN, "http_domain": HTTP_DOMAIN},
        },
    ),
    "dev, a restored table": (
        "dev",
        {
            "tags": {"team": "live"},
            "kafka": {"kind": "serverless", **RETENTION},
            "deployment": "linear",
            "archive": {"keep": True, "table": "restored", "kms_key_arn": KEY},
        },
    ),
    "dev, in Beijing": ("dev", {"region": "cn-north-1", "tags": {"team": "live"}, "deployment": "canary"}),
    "prod, in Ningxia": ("prod", {**IN_CHINA, "region": "cn-northwest-1"}),
    "dev, topics that are there": (
        "dev",
        {
            **NETWORKS["their nat"],
            "auth_mode": "open",
            "kafka": {**THEIR_KAFKA, "make_topics": False},
            "edge": {"access_logs_role": False},
            "alarm_email": "ops@example.com",
        },
    ),
}


Finding = tuple[str, str]


@dataclass(frozen=True)
class Kind:
    """A stage, and its stack: as a template that `file` holds, and as cdk-nag sees it. A finding is a rule and a path
    in the stack; what is accepted is a rule, a path and a reason."""

    stage: Stage
    file: Path
    found: frozenset[Finding]
    accepted: tuple[tuple[str, str, str], ...]

    @property
    def cloud(self) -> Cloud:
        """The template."""
        return Cloud(json.loads(self.file.read_text()))


def stages() -> Iterator[tuple[str, Stage]]:
    """The stage of each kind, with the kind's name."""
    for base, kafka, network, cache in CHOSEN:
        changes = KAFKAS[kafka] | NETWORKS[network] | CACHES[cache]
        yield f"{base}, {kafka}, {network}, {cache}", read(base, changes)
    for name, (base, changes) in ODD.items():
        yield name, read(base, changes)


def read(base: str, changes: JsonObject) -> Stage:
    """A stage of cdk.json with changes."""
    return Stage.of(base, {base: merged(STAGES[base], changes)})


def write_all(outdir: Path) -> None:
    """Synthesise all of them at once, since most of what a synthesis costs is its start."""
    from aws_cdk import App

    from infra.nag import accepted, packs
    from infra.stack import LiveRooms

    app = App(outdir=str(outdir), analytics_reporting=False)
    stacks = [(stage, LiveRooms(app, f"kind-{number}", stage=stage)) for number, (_, stage) in enumerate(stages())]
    app.synth()
    found: dict[str, list[Finding]] = {stack.node.id: [] for _, stack in stacks}
    for pack in packs(app):
        for violation in pack.validate_scope(app).violations:
            for resource in violation.violating_resources:
                id, _, path = (resource.construct_path or "").partition("/")
                found[id].append((violation.rule_name, path))
    for stage, stack in stacks:
        told = {"found": found[stack.node.id], "accepted": [astuple(one) for one in accepted(stack, stage)]}
        (outdir / f"{stack.node.id}.nag.json").write_text(json.dumps(told))


def read_all(outdir: Path) -> dict[str, Kind]:
    """What `write_all` wrote, by the kinds' names."""
    made = {}
    for number, (name, stage) in enumerate(stages()):
        nag = json.loads((outdir / f"kind-{number}.nag.json").read_text())
        found, every = frozenset(map(tuple, nag["found"])), tuple(map(tuple, nag["accepted"]))
        made[name] = Kind(stage, outdir / f"kind-{number}.template.json", found, every)
    return made


def merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`table` with `changes`, tables in tables merged alike; one that changes its `kind` is taken as it is."""
    result = dict(table)
    for name, change in changes.items():
        old = table.get(name)
        same = (
            isinstance(old, Mapping) and isinstance(change, Mapping) and change.get("kind") in (None, old.get("kind"))
        )
        result[name] = merged(old, change) if same else change  # type: ignore[arg-type]
    return result
