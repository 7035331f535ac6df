"""What MiniStack does not make, with the reason of each: types, and types with a property that it refuses. And which
edits are not tried.

The check asks MiniStack about every line. A line that it no longer refuses is stale, and one that is missing fails the
creation; both fail the check.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LeftOut:
    """`values`: what stands for the resource where another refers to it, by attribute; "Ref" for its own id."""

    reason: str
    values: Mapping[str, str] = field(default_factory=dict)


_CLUSTER = "arn:aws:kafka:us-east-1:000000000000:cluster/rooms/0a1b-2"

TYPES: Mapping[str, LeftOut] = {
    "AWS::ApiGatewayV2::RouteResponse": LeftOut("unknown; MiniStack answers two-way routes without one"),
    "AWS::ApplicationAutoScaling::ScalableTarget": LeftOut("unknown", {"Ref": "volumes"}),
    "AWS::ApplicationAutoScaling::ScalingPolicy": LeftOut("unknown"),
    "AWS::CodeDeploy::Application": LeftOut("unknown", {"Ref": "rooms"}),
    "AWS::CodeDeploy::DeploymentGroup": LeftOut("unknown", {"Ref": "rooms"}),
    "AWS::EC2::EIP": LeftOut("unknown", {"Ref": "192.0.2.1", "AllocationId": "eipalloc-0a1b2c3d"}),
    "AWS::EC2::EgressOnlyInternetGateway": LeftOut("unknown", {"Ref": "eigw-0a1b2c3d", "Id": "eigw-0a1b2c3d"}),
    "AWS::EC2::FlowLog": LeftOut("unknown"),
    "AWS::EC2::NatGateway": LeftOut("unknown", {"Ref": "nat-0a1b2c3d", "NatGatewayId": "nat-0a1b2c3d"}),
    "AWS::EC2::SecurityGroupIngress": LeftOut("unknown"),
    "AWS::EC2::VPCCidrBlock": LeftOut("unknown; it has no addresses of IPv6"),
    "AWS::ElastiCache::ServerlessCache": LeftOut(
        "unknown; it has clusters of nodes, which take Docker",
        {
            "Ref": "rooms",
            "ARN": "arn:aws:elasticache:us-east-1:000000000000:serverlesscache:rooms",
            "Endpoint.Address": "127.0.0.1",
            "Endpoint.Port": "6379",
        },
    ),
    "AWS::MSK::Cluster": LeftOut("unknown; brokers take Docker", {"Ref": _CLUSTER, "Arn": _CLUSTER}),
    "AWS::MSK::ServerlessCluster": LeftOut("unknown; brokers take Docker", {"Ref": _CLUSTER, "Arn": _CLUSTER}),
    "AWS::MSK::Topic": LeftOut("unknown, as the cluster is"),
    "Custom::AWS": LeftOut(
        "made by a function in Node.js that wants the AWS SDK of Lambda's image",
        {"Ref": "brokers", "BootstrapBrokerStringSaslIam": "127.0.0.1:9098"},
    ),
    "Custom::Topics": LeftOut("made by a function that waits for brokers"),
}

# A resource of the type that has this property.
PROPERTIES: Mapping[tuple[str, str], LeftOut] = {
    ("AWS::CloudWatch::Alarm", "Metrics"): LeftOut(
        "metric math is refused",
        {"Ref": "left-out", "Arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:left-out"},
    ),
}

# What MiniStack does not tell of a resource that it makes, and what stands for it.
ATTRIBUTES: Mapping[tuple[str, str], tuple[str, object]] = {
    ("AWS::EC2::VPC", "Ipv6CidrBlocks"): ("it has no addresses of IPv6", ["2001:db8:1234:1a00::/56"]),
}

# Settings that are not edited.
EDITS: Mapping[str, str] = {
    "account": "with another one there is another stack, and the one that is there is not updated",
    "region": "as with account",
    "edge.key": "the new key is put into the secret first, by hand; without it the update is rolled back, here too",
}

# The steps of `tools smoke` that fail: what is said of each, and why. After the handshake none can be taken.
SMOKE: Mapping[str, tuple[str, str]] = {
    "health": (
        "GET /health answers 502",
        "the package of api has compiled modules for arm64, and MiniStack runs functions on this machine",
    ),
    "stranger": ("500", "authorize refuses as it should, which MiniStack answers with 500, and AWS with 401"),
    "handshake": ("403", "authorize lets the viewer in by a key of the secret; connect then finds no cache"),
}
