"""docs/asyncapi.yaml, and whether what was sent or read is as it says.

The viewers and the readers of the topics in tests call `check_sent`, `check_shown` and `check_record` with all that
they send and get. A validator is compiled once for each message, and found by the `messageType`: so a failure names the
field that is wrong, and tens of thousands of objects take less than a second.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft7Validator

Json = dict[str, Any]

PATH = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
LIVE, CLASSIC = "live.v1", "classic"


@cache
def document() -> Json:
    """The whole document."""
    read: Json = yaml.safe_load(PATH.read_text())
    return read


def schemas() -> Json:
    """The document's schemas, by name."""
    found: Json = document()["components"]["schemas"]
    return found


def resolved(node: Json) -> Json:
    """What a node refers to, or the node itself."""
    while "$ref" in node:
        found: Any = document()
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def operation(action: str, channel: str) -> Json:
    """The operation of that action in a channel; each channel has at most one."""
    wanted = {"$ref": f"#/channels/{channel}"}
    (found,) = [one for one in document()["operations"].values() if (one["action"], one["channel"]) == (action, wanted)]
    return dict(found)


def payloads(action: str, channel: str) -> list[Json]:
    """The schemas of an operation's messages; of a message that is an array, those of its items."""
    return [
        schema
        for message in operation(action, channel)["messages"]
        for schema in _items(resolved(resolved(message))["payload"])
    ]


def _items(payload: Json) -> list[Json]:
    items: list[Json] = resolved(payload).get("items", {}).get("oneOf", [payload])
    return items


def parts(schema: Json) -> Iterator[Json]:
    """A schema, and all of which it is made by `allOf`."""
    schema = resolved(schema)
    yield schema
    for part in schema.get("allOf", ()):
        yield from parts(part)


def type_of(schema: Json) -> int | None:
    """The messageType of a message's schema, None if the message has none."""
    kinds = [part.get("properties", {}).get("messageType", {}).get("const") for part in parts(schema)]
    return next((kind for kind in kinds if kind is not None), None)


@cache
def validators(action: str, channel: str) -> Mapping[int | None, list[Draft7Validator]]:
    """Those of an operation's messages, by their type."""
    found: dict[int | None, list[Draft7Validator]] = defaultdict(list)
    for schema in payloads(action, channel):
        found[type_of(schema)].append(Draft7Validator({**schema, "components": document()["components"]}))
    return dict(found)


def check_sent(frame: Json, channel: str = LIVE) -> None:
    """Raise AssertionError unless the document has this frame of a client."""
    _check(frame, "receive", channel)


def check_shown(frame: Any, channel: str) -> None:
    """Raise AssertionError unless the document has this frame of the rooms, in this framing."""
    if channel == LIVE and isinstance(frame, list):
        assert frame, "a frame of the rooms is empty"
        for said in frame:
            assert "messageType" in said, f"{PATH.name} has no such object in an array: {said}"
            _check(said, "send", channel)
        return
    assert isinstance(frame, dict), f"a frame is no object: {frame!r}"
    assert channel == CLASSIC or "messageType" not in frame, f"a frame of {LIVE} is no array: {frame}"
    _check(frame, "send", channel)


def check_record(topic: str, record: Json) -> None:
    """Raise AssertionError unless the document has this record, which the rooms wrote to the topic."""
    _check(record, "send", topic)


def check_produced(record: Json, topic: str) -> None:
    """Raise AssertionError unless another system may write this record to the topic."""
    _, (validator,) = next(iter(validators("receive", topic).items()))
    assert validator.is_valid(record), _complaint(record, [validator])


def _check(value: Json, action: str, channel: str) -> None:
    kind = value.get("messageType")
    known = validators(action, channel)
    # True is an int to Python, and a list cannot be looked up.
    candidates = known.get(kind, []) if kind is None or type(kind) is int else []
    assert candidates, f"{PATH.name}: {channel} has no message of messageType {kind!r}: {value}"
    assert any(one.is_valid(value) for one in candidates), _complaint(value, candidates)


def _complaint(value: Json, candidates: list[Draft7Validator]) -> str:
    """What is wrong by that candidate which has the least against it."""
    flaws = min(([*one.iter_errors(value)] for one in candidates), key=len)
    said = "; ".join(f"{'.'.join(map(str, flaw.instance_path)) or 'object'}: {flaw.message[:200]}" for flaw in flaws)
    return f"{PATH.name} does not have this: {value}\n{said}"
