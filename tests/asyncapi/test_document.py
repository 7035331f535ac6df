"""docs/asyncapi.yaml by itself: AsyncAPI's own schema, the code's numbers and names, and its examples."""

import json
import os
import tomllib
from collections.abc import Iterator
from typing import Any, get_args

import jsonschema_rs
import pytest

from functions.api.activities import SLOWEST_SECONDS
from functions.api.moderation import Action
from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from functions.rooms import attributes, frames, objects, properties, records, text
from functions.rooms.events import KINDS, TARGETS_AT_MOST
from functions.rooms.identity import MAX_ACTIVITY_ID
from functions.rooms.properties import PATCHED_AT_MOST, PROPERTIES_AT_MOST
from functions.rooms.refusal import FrameCode, StateCode
from functions.rooms.removals import KEPT
from tests.asyncapi.document import CLASSIC, LIVE, PATH, Json, document, payloads, resolved, schemas, type_of

ROOT = PATH.parents[1]
INSTALLED = ROOT / ".asyncapi" / "node_modules" / "@asyncapi" / "specs" / "schemas"


def flaws(described: Json) -> list[str]:
    """What AsyncAPI's own schema has against a document."""
    schema = INSTALLED / f"{document()['asyncapi']}-without-$id.json"
    if not schema.exists() and os.environ.get("CI") != "true":
        pytest.skip("AsyncAPI's own schema is not installed: make .asyncapi/.asyncapi")
    return [
        error.message for error in jsonschema_rs.validator_for(json.loads(schema.read_text())).iter_errors(described)
    ]


def test_it_is_as_asyncapis_own_schema_says() -> None:
    assert flaws(document()) == []


def test_what_asyncapi_does_not_have_is_found() -> None:
    wrongs: tuple[Json, ...] = (
        {"operations": {"hear": {"action": "listen", "channel": {"$ref": "#/channels/classic"}}}},
        {"channels": {"classic": {"adress": "/websocket"}}},
        {"components": {"schemas": {"chat": {"type": "objekt"}}}},
        {"asyncapi": "2.6.0"},
        {"paths": {}},
    )
    for wrong in wrongs:
        assert flaws(document() | wrong), wrong


def nodes(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """All objects of the document, each with its place."""
    if isinstance(node, dict):
        yield place, node
    for name, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from nodes(part, f"{place}/{name}")


def test_every_reference_leads_somewhere() -> None:
    found = [node["$ref"] for _, node in nodes(document()) if "$ref" in node]
    for reference in found:
        assert resolved({"$ref": reference}), reference
    named = {reference.rpartition("/")[2] for reference in found}
    for kind in ("schemas", "messages"):
        assert document()["components"][kind].keys() <= named, f"unused {kind}"


def test_every_schema_of_an_object_is_closed_or_says_that_it_is_open() -> None:
    """A schema without a type is a part of another, which is closed."""
    for place, node in nodes(schemas()):
        if node.get("type") == "object" and "additionalProperties" not in (node.get("properties") or {}):
            said = str(node.get("description", "")).startswith("Open by design")
            assert (node.get("additionalProperties") is False) != said, place


def test_what_takes_any_value_says_so() -> None:
    for place, node in nodes(schemas()):
        if place.rpartition("/")[0].endswith("/properties") or place.count("/") == 1:
            rules = node.keys() - {"description"}
            assert rules or node["description"].startswith("Open by design"), place


def test_operations_use_all_messages_of_their_channels() -> None:
    for name, channel in document()["channels"].items():
        used = {
            message["$ref"].rpartition("/")[2]
            for operation in document()["operations"].values()
            if operation["channel"]["$ref"] == f"#/channels/{name}"
            for message in operation["messages"]
        }
        assert used == channel["messages"].keys(), name


def test_both_framings_have_the_same_objects() -> None:
    for action in ("send", "receive"):
        assert sorted(map(str, payloads(action, LIVE))) == sorted(map(str, payloads(action, CLASSIC)))


def test_every_example_is_of_its_message() -> None:
    components = document()["components"]
    for name, message in components["messages"].items():
        validator = jsonschema_rs.Draft7Validator({**message["payload"], "components": components})
        for example in message.get("examples", ()):
            assert validator.is_valid(example["payload"]), name
    missing = {name for name, message in components["messages"].items() if "examples" not in message}
    assert all(name.startswith(("live", "saved")) for name in missing), "all but records have an example"


def test_it_has_the_versions_topics_and_types_of_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document()["info"]["version"] == project["version"]
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        channel = document()["channels"][topic]
        assert (channel["address"], channel["bindings"]["kafka"]["topic"]) == (topic, topic)
        assert channel["bindings"]["kafka"]["partitions"] == PARTITIONS
    live, saved = ({type_of(schema) for schema in payloads("send", topic)} for topic in (LIVE_TOPIC, SAVE_TOPIC))
    assert live == {number for number, kind in KINDS.items() if kind.is_live}
    assert saved == {number for number, kind in KINDS.items() if kind.is_saved}
    produced = schemas()["produced"]["properties"]["messageType"]["enum"]
    assert produced == [*KINDS, *map(str, KINDS)]


def test_it_has_the_numbers_and_names_of_the_code() -> None:
    has = schemas()
    say, ask, like = (has[name]["properties"] for name in ("say", "ask", "like"))
    assert has["activityId"]["maximum"] == MAX_ACTIVITY_ID
    assert has["time"]["maximum"] == records.LATEST
    for one in (has["id"], has["clientId"], say["to"]):
        assert (one["maxLength"], one["pattern"]) == (text.ID_LENGTH, text.ID_PATTERN)
    for one in (has["line"], has["companion"]):
        assert (one["maxLength"], one["pattern"]) == (text.LINE_LENGTH, text.LINE_PATTERN)
    assert say["message"]["maxLength"] == text.CHAT_LENGTH
    assert like["count"]["maximum"] == frames.LIKES_AT_ONCE
    assert (ask["limit"]["maximum"], ask["limit"]["default"]) == (frames.PAGE_LIMIT, frames.PAGE_DEFAULT)
    assert ask["cursor"]["maxLength"] == frames.CURSOR_LENGTH
    assert has["attributes"]["maxProperties"] == attributes.ATTRIBUTES_AT_MOST
    assert has["roomProperties"]["maxProperties"] == properties.PROPERTIES_AT_MOST
    changed = has["propertiesRecord"]["allOf"][-1]["properties"]["data"]["allOf"][-1]
    assert changed["maxProperties"] == properties.PATCHED_AT_MOST
    assert has["record"]["properties"]["to"]["maxItems"] == TARGETS_AT_MOST
    assert has["produced"]["properties"]["to"]["oneOf"][-1]["maxItems"] == TARGETS_AT_MOST
    assert (has["reason"]["maxLength"], has["reason"]["pattern"]) == (text.REASON_LENGTH, text.LINE_PATTERN)
    assert has["removedSeqs"]["maxItems"] == KEPT
    for one in (has["record"]["properties"]["to"], has["produced"]["properties"]["to"]["oneOf"][1]):
        assert one["maxItems"] == TARGETS_AT_MOST
    assert has["roomProperties"]["maxProperties"] == PROPERTIES_AT_MOST
    assert has["propertiesRecord"]["allOf"][-1]["properties"]["data"]["allOf"][1]["maxProperties"] == PATCHED_AT_MOST
    assert has["roomSettings"]["properties"]["slowModeSeconds"]["maximum"] == SLOWEST_SECONDS
    assert has["leftOut"]["properties"]["dropped"]["properties"].keys() == set(objects.LEFT_OUT_NAMES.values())
    assert set(has["refused"]["properties"]["error"]["enum"]) == {*get_args(StateCode), *get_args(FrameCode)}
    sanction = has["sanctionRecord"]["allOf"][-1]["properties"]["data"]["properties"]["action"]["enum"]
    assert set(sanction) == set(get_args(Action))
    assert set(has["sanction"]["properties"]["action"]["enum"]) == set(sanction) - {"unbanned"}
