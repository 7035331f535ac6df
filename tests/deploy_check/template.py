"""A template without what MiniStack does not make: references to it get values that stand for it."""

from collections.abc import Mapping
from typing import Any

from tests.deploy_check.left_out import ATTRIBUTES, PROPERTIES, TYPES, LeftOut

Json = dict[str, Any]


def reason_of(resource: Mapping[str, Any]) -> tuple[str, LeftOut] | None:
    """Why a resource is left out, and the line of the list that says so; None if it is not."""
    kind, properties = resource["Type"], resource.get("Properties", {})
    if kind in TYPES:
        return kind, TYPES[kind]
    for (type_, name), left_out in PROPERTIES.items():
        if type_ == kind and name in properties:
            return f"{kind}.{name}", left_out
    return None


def reduced(template: Json) -> tuple[Json, dict[str, str]]:
    """The template that MiniStack gets, and for each resource that is left out the line that says so."""
    every = template["Resources"]
    out = {id: found for id, one in every.items() if (found := reason_of(one))}

    def filled(value: Any) -> Any:
        match value:
            case {"Ref": str(id)} if id in out:
                return _value(id, "Ref", out)
            case {"Fn::GetAtt": [str(id), str(attribute)]} if id in out:
                return _value(id, attribute, out)
            case {"Fn::GetAtt": [str(id), str(attribute)]} if (every[id]["Type"], attribute) in ATTRIBUTES:
                return ATTRIBUTES[every[id]["Type"], attribute][1]
            case dict():
                return {key: filled(one) for key, one in value.items()}
            case list():
                return [filled(one) for one in value]
        return value

    kept = {}
    for id, one in every.items():
        if id not in out:
            waits = one.get("DependsOn", [])
            waits = [waits] if isinstance(waits, str) else waits
            kept[id] = {**filled({**one, "DependsOn": []}), "DependsOn": [name for name in waits if name not in out]}
    return {**filled({**template, "Resources": {}}), "Resources": kept}, {id: line for id, (line, _) in out.items()}


def alone(resource: Json, template: Json) -> Json:
    """A template with one resource of another: what it refers to gets made-up texts."""

    def filled(value: Any) -> Any:
        match value:
            case {"Ref": str(id)} | {"Fn::GetAtt": [str(id), _]} if id in template["Resources"]:
                return "made-up"
            case dict():
                return {key: filled(one) for key, one in value.items()}
            case list():
                return [filled(one) for one in value]
        return value

    return {"Resources": {"One": filled({**resource, "DependsOn": []})}}


def _value(id: str, attribute: str, out: Mapping[str, tuple[str, LeftOut]]) -> str:
    line, left_out = out[id]
    try:
        return left_out.values[attribute]
    except KeyError:
        raise ValueError(f"left_out.py: {line} has no value for {attribute}, to which the template refers") from None
