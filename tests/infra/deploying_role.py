"""The policies of the role with which CloudFormation deploys, out of the templates of every kind of stack.

The resources' schemas, which cfn-lint carries, name the actions of each type's handlers. From these is taken away what
a stack of ours never uses, and the rest is confined to our names where names are known beforehand.
`python -m tests.infra.deploying_role` writes docs/deploy-policy.
"""

import json
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.infra.cloud import JsonObject
from tests.infra.synthesis import ROOT

FOLDER = ROOT / "docs" / "deploy-policy"
# What IAM takes in one managed policy, white space apart.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST = 6144
# All of it is too long for one: these services are in a policy of their own.
BOXES = frozenset({"cloudfront", "ec2", "elasticache", "kafka", "kafka-cluster", "kms", "route53", "s3"})

# The prefixes of a service's actions, where they are not its name in a type.
PREFIXES = {
    "apigatewayv2": ("apigateway",),
    "msk": ("kafka", "kafka-cluster"),
    "applicationautoscaling": ("application-autoscaling",),
}
# What the resources ask of services that the template has no resource of: keys of yours, and log deliveries.
OF_OTHERS = frozenset({"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"})
# Handlers name these for features that no stack of ours has; a test tells when one of them has a use.
UNUSED = (
    # Contents of tables, imports, copies in other Regions, streams.
    *("dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "dynamodb:*Import*", "dynamodb:*Replica"),
    *("dynamodb:*Kinesis*", "dynamodb:*ContributorInsights", "dynamodb:*ResourcePolicy"),
    # People, groups and boundaries: roles alone are made.
    *("iam:*User*", "iam:*Group*", "iam:*Boundary", "iam:ListRoles"),
    *("cloudfront:*ConnectionGroup", "cloudfront:*VpcOrigin", "cloudfront:*Staging*"),
    *("ec2:*Vpn*", "ec2:*Ipam*", "ec2:AcceptAddressTransfer", "ec2:*EncryptionControl*", "ec2:*Tenancy"),
    *("ec2:DescribeInstances", "ec2:*PrivateNatGatewayAddress"),
    *("elasticache:ModifyReplicationGroup", "kafka:*Rebalancing"),
    *("lambda:*CapacityProvider", "lambda:*CodeSigning*", "lambda:*Layer*", "lambda:*ScalingConfig"),
    *("lambda:*RecursionConfig", "lambda:AssociateRuntimeAlias"),
    *(
        "logs:*DataProtectionPolicy",
        "logs:*Ind*Polic*",
        "logs:PutBearer*",
        "logs:*DeletionProtection",
        "logs:PutLogEvents",
    ),
    *("secretsmanager:*Replicat*", "sns:*DataProtectionPolicy"),
    # Files, which a function of the stack writes, and features of buckets; what a bucket has is read as a whole.
    *("s3:List*", "s3:DeleteObject", "s3:PutObjectAcl", "s3:*MetadataTableConfiguration", "s3:UpdateBucketMetadata*"),
    *("s3:DeleteBucketA*", "s3:DeleteBucketCors", "s3:DeleteBucketEncryption", "s3:DeleteBucketLifecycle"),
    *("s3:DeleteBucketM*", "s3:DeleteBucketReplication", "s3:DeleteBucketWebsite", "s3:PutA*", "s3:PutI*", "s3:PutL*"),
    *("s3:PutM*", "s3:PutObjectLock*", "s3:PutReplication*", "s3:PutBucketA*", "s3:PutBucketCORS", "s3:PutBucketL*"),
    *("s3:PutBucketNotification", "s3:PutBucketObject*", "s3:PutBucketReplication", "s3:PutBucketVersioning"),
    *("s3:PutBucketWebsite", "s3:REST.*", "s3:[Gg]etObject*"),
)
# Services whose resources CloudFormation names after the stack, or the template does: `live-rooms-…`.
NAMED: Mapping[str, tuple[str, ...]] = {
    "dynamodb": ("table/live-rooms-*",),
    "events": ("rule/live-rooms-*",),
    "iam": ("role/live-rooms-*",),
    "s3": ("live-rooms-*",),
    "sns": ("live-rooms-*",),
    "sqs": ("live-rooms-*",),
}
# These have no resource, or are asked about all.
OF_ALL = ("*:List*", "*:Describe*", "sns:Unsubscribe", "sns:*SubscriptionAttributes")


def templates(directory: Path) -> list[JsonObject]:
    """Of every kind of stack."""
    from infra.packaging.node import provide_node

    provide_node(os.environ)
    from tests.infra.kinds import read_all, write_all

    write_all(directory)
    return [kind.cloud.template for kind in read_all(directory).values()]


def policies(of: Iterable[JsonObject]) -> dict[str, JsonObject]:
    """The policy documents for these templates, by the names of their files."""
    resources = [one for template in of for one in template["Resources"].values()]
    kinds = {one["Type"] for one in resources if one["Type"].startswith("AWS::")}
    actions = {action for kind in kinds for action in handled(kind) if is_used(action, kinds)}
    free = {action for action in actions if not _is_named(action)}
    boxes = {action for action in free if action.partition(":")[0] in BOXES}
    attached = sorted({arn for one in resources for arn in _managed(one)})
    ours = ["arn:*:iam::*:role/live-rooms-*"]
    functions = [
        _statement("Everything", _collapsed(free - boxes), ["*"]),
        *_named(actions, NAMED.keys() - BOXES),
        _statement("PassRole", ["iam:PassRole"], ours),
        {
            **_statement("ManagedPolicies", ["iam:AttachRolePolicy", "iam:DetachRolePolicy"], ours),
            "Condition": {"ArnLike": {"iam:PolicyARN": attached}},
        },
        _statement("ServiceRoles", ["iam:CreateServiceLinkedRole"], ["arn:*:iam::*:role/aws-service-role/*"]),
        # What CloudFormation itself reads: packages, the bootstrap's version, and the functions of custom resources.
        _statement("Packages", ["s3:GetObject"], ["arn:*:s3:::cdk-*-assets-*"]),
        _statement("Bootstrap", ["ssm:GetParameters"], ["arn:*:ssm:*:*:parameter/cdk-bootstrap/*"]),
        _statement("CustomResources", ["lambda:InvokeFunction"], ["arn:*:lambda:*:*:function:live-rooms-*"]),
    ]
    of_boxes = [_statement("Boxes", _collapsed(boxes), ["*"]), *_named(actions, NAMED.keys() & BOXES)]
    return {
        "boxes.json": {"Version": "2012-10-17", "Statement": of_boxes},
        "functions.json": {"Version": "2012-10-17", "Statement": functions},
    }


def _named(actions: Iterable[str], services: Collection[str]) -> Iterable[JsonObject]:
    """A statement for each of these services, whose resources have our names."""
    for service in sorted(services):
        names = NAMED[service]
        mine = {one for one in actions if one.startswith(f"{service}:") and _is_named(one) and one not in ROLES}
        # The ARN of a bucket has neither Region nor account.
        place = "" if service == "s3" else "*"
        resources = [f"arn:*:{service}:{place}:{place}:{name}" for name in names]
        yield _statement(service.title(), sorted(mine), resources)


ROLES = frozenset({"iam:PassRole", "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:CreateServiceLinkedRole"})


def handled(kind: str) -> set[str]:
    """The actions that a type's handlers take, by its schema."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema.get("handlers", {})
    return {action for one in handlers.values() for action in one.get("permissions", ())}


def is_used(action: str, kinds: Iterable[str]) -> bool:
    """Whether an action is of a service that the templates have a resource of, and of a feature that they use."""
    if action in OF_OTHERS:
        return True
    services = {prefix for kind in kinds for prefix in _prefixes(kind)}
    known = action.partition(":")[0] in services
    return known and not any(fnmatchcase(action, pattern) for pattern in UNUSED)


def _prefixes(kind: str) -> tuple[str, ...]:
    name = kind.split("::")[1].lower()
    return PREFIXES.get(name, (name,))


def _is_named(action: str) -> bool:
    of_all = any(fnmatchcase(action, pattern) for pattern in OF_ALL)
    return action in ROLES or (action.partition(":")[0] in NAMED and not of_all)


def _collapsed(actions: Iterable[str]) -> list[str]:
    """Questions of a service as one pattern: a policy has room for some 200 names."""
    found = {f"{action.partition(':')[0]}:{verb}*" if (verb := _question(action)) else action for action in actions}
    return sorted(found)


def _question(action: str) -> str:
    name = action.partition(":")[2]
    return next((verb for verb in ("Describe", "List") if name.startswith(verb)), "")


def _statement(name: str, actions: list[str], resources: list[str]) -> JsonObject:
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources}


def _managed(resource: Mapping[str, Any]) -> Iterable[str]:
    """The managed policies of a role, whatever the partition."""
    for arn in resource.get("Properties", {}).get("ManagedPolicyArns", ()):
        text = arn if isinstance(arn, str) else "".join(p if isinstance(p, str) else "*" for p in arn["Fn::Join"][1])
        yield text


def text(document: JsonObject) -> str:
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        for file, document in policies(templates(Path(made))).items():
            (FOLDER / file).write_text(text(document))
