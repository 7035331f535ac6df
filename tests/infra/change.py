"""What CloudFormation would do with a deployed template when it is given another one, by the resources' schemas.

cfn-lint carries the schemas. They say which properties cannot change (createOnlyProperties): a resource with another
value is made anew, and the old one is deleted at the end. A resource whose name the template gives cannot be made anew
while the old one is there. https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html

A reference is compared as well as a value: whatever refers to a resource that is made anew gets another value.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.infra.cloud import JsonObject

Pointer = tuple[str, ...]

# What must be unique beyond a resource's own identifier. Schemas do not say it; the services refuse a second one.
UNIQUE: Mapping[str, tuple[str, ...]] = {
    "AWS::ApiGatewayV2::Authorizer": ("ApiId", "Name"),
    "AWS::ApiGatewayV2::Route": ("ApiId", "RouteKey"),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::EC2::Subnet": ("VpcId", "CidrBlock"),
    "AWS::EC2::VPCEndpoint": ("VpcId", "ServiceName"),
    "AWS::Lambda::EventSourceMapping": ("EventSourceArn", "FunctionName", "Topics"),
    "AWS::MSK::Cluster": ("ClusterName",),
    "AWS::MSK::ServerlessCluster": ("ClusterName",),
    "AWS::MSK::Topic": ("ClusterArn", "TopicName"),
    "AWS::Route53::RecordSet": ("HostedZoneId", "Name", "Type"),
}
# Properties of a function that are no part of its versions.
OF_NO_VERSION = frozenset({"Description", "ReservedConcurrentExecutions", "Tags", "CodeSigningConfigArn"})


@dataclass(frozen=True)
class Change:
    """Logical ids: what is `added`, `removed`, `updated` in place, and `replaced`, which is made anew under its id.

    `updated` has the top-level properties and attributes that change. `refused` has what CloudFormation or a service
    would refuse, and `stale` the functions that change while their alias keeps pointing at what was published before.
    """

    before: JsonObject
    after: JsonObject
    added: frozenset[str]
    removed: frozenset[str]
    updated: Mapping[str, frozenset[str]]
    replaced: frozenset[str]
    refused: tuple[str, ...] = field(default=())
    stale: tuple[str, ...] = field(default=())

    @property
    def is_nothing(self) -> bool:
        """Whether CloudFormation would find no change."""
        return not (self.added or self.removed or self.updated or self.replaced)

    def types(self, ids: frozenset[str]) -> set[str]:
        """The types of these resources."""
        every = {**self.before, **self.after}
        return {every[id]["Type"] for id in ids}


def change(before: JsonObject, after: JsonObject) -> Change:
    """What an update from one template to another does."""
    old, new = before["Resources"], after["Resources"]
    both = old.keys() & new.keys()
    refused = [f"{id}: its type cannot change" for id in sorted(both) if old[id]["Type"] != new[id]["Type"]]
    both = {id for id in both if old[id]["Type"] == new[id]["Type"]}
    changed, replaced = _settled(old, new, both)
    made = Change(
        before=old,
        after=new,
        added=frozenset(new.keys() - old.keys()),
        removed=frozenset(old.keys() - new.keys()),
        updated={
            id: frozenset(one[0] for one in changed.get(id, ())) | others
            for id in both - replaced
            if (others := _other_differences(old[id], new[id])) or id in changed
        },
        replaced=frozenset(replaced),
    )
    refused += _taken_names(made)
    renamed, stale = _versions(made, changed)
    return Change(**{**vars(made), "refused": (*refused, *renamed), "stale": tuple(stale)})


def _settled(old: JsonObject, new: JsonObject, both: set[str]) -> tuple[dict[str, set[Pointer]], set[str]]:
    """The changed properties of each resource, and those that are made anew: until no reference changes any more."""
    changed: dict[str, set[Pointer]] = {}
    replaced: set[str] = set()
    while True:
        unlike = replaced | {id for id in changed if new[id]["Type"].startswith("Custom::")}
        for id in both:
            kind, one, other = new[id]["Type"], old[id].get("Properties", {}), new[id].get("Properties", {})
            paths = set(_differences(one, other, unlike))
            if paths:
                changed[id] = paths
            if any(_overlap(path, fixed) for path in paths for fixed in create_only(kind)):
                replaced.add(id)
        if unlike == replaced | {id for id in changed if new[id]["Type"].startswith("Custom::")}:
            return changed, replaced


def _differences(one: Any, other: Any, unlike: set[str], path: Pointer = ()) -> Iterator[Pointer]:
    if isinstance(one, dict) and isinstance(other, dict) and not _reference(one) and not _reference(other):
        for name in one.keys() | other.keys():
            yield from _differences(one.get(name), other.get(name), unlike, (*path, name))
    elif one != other or _refers(other, unlike):
        yield path


def _other_differences(one: JsonObject, other: JsonObject) -> frozenset[str]:
    """What differs beside the properties, such as what becomes of a resource that is deleted."""
    names = (one.keys() | other.keys()) - {"Type", "Properties", "Metadata", "DependsOn"}
    return frozenset(name for name in names if one.get(name) != other.get(name))


def _reference(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _refers(value: Any, ids: set[str]) -> bool:
    match value:
        case {"Ref": str(id)} | {"Fn::GetAtt": [str(id), _]}:
            return id in ids
        case dict():
            return any(_refers(one, ids) for one in value.values())
        case list():
            return any(_refers(one, ids) for one in value)
    return False


def _overlap(path: Pointer, fixed: Pointer) -> bool:
    shorter = min(len(path), len(fixed))
    return path[:shorter] == fixed[:shorter]


@functools.cache
def _schema(kind: str) -> JsonObject:
    if kind.startswith("Custom::"):
        return {}
    schema: JsonObject = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return schema


@functools.cache
def create_only(kind: str) -> frozenset[Pointer]:
    """The properties of a type that cannot change, and those that identify it."""
    schema = _schema(kind)
    names = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    names += [name for name in schema.get("primaryIdentifier", ()) if name not in schema.get("readOnlyProperties", ())]
    return frozenset(tuple(name.split("/")[2:]) for name in names)


def _keys(kind: str, properties: JsonObject) -> Iterator[str]:
    """What no second resource may have."""
    schema = _schema(kind)
    identifier = [name.split("/")[2] for name in schema.get("primaryIdentifier", ())]
    for names in (identifier, UNIQUE.get(kind, ())):
        if names and all(name in properties for name in names):
            yield json.dumps([kind, *(properties[name] for name in names)], sort_keys=True)


def _taken_names(made: Change) -> Iterator[str]:
    """What is made, or made anew, under a name that something has which is deleted at the end."""
    going = made.removed | made.replaced
    taken = {key for id in going for key in _keys(made.before[id]["Type"], made.before[id].get("Properties", {}))}
    for id in sorted(made.added | made.replaced):
        properties = made.after[id].get("Properties", {})
        for key in _keys(made.after[id]["Type"], properties):
            # What stands in something that is made anew itself takes no name there.
            if key in taken and not _refers(json.loads(key), set(made.replaced)):
                yield f"{id}: {key} is taken until the old one is deleted"


def _versions(made: Change, changed: Mapping[str, set[Pointer]]) -> tuple[list[str], list[str]]:
    """Versions that Lambda would not publish, as their function stays the same, and functions without a new one."""
    refused, stale = [], []
    old, new = (_version_of(resources) for resources in (made.before, made.after))
    for function in old.keys() & new.keys():
        same = not {path[0] for path in changed.get(function, ())} - OF_NO_VERSION
        if same and old[function] != new[function]:
            refused.append(f"{function}: there is a version of it already")
        if not same and old[function] == new[function]:
            stale.append(function)
    return refused, stale


def _version_of(resources: JsonObject) -> dict[str, str]:
    versions = (item for item in resources.items() if item[1]["Type"] == "AWS::Lambda::Version")
    return {one["Properties"]["FunctionName"]["Ref"]: id for id, one in versions}
