"""docs/protocol.md and docs/asyncapi.yaml say the same: types, fields, codes and topics of the tables, and examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.asyncapi.document import (
    CLASSIC,
    PATH,
    Json,
    check_produced,
    check_record,
    check_sent,
    check_shown,
    document,
    parts,
    payloads,
    resolved,
    schemas,
    type_of,
)

PROTOCOL = PATH.with_name("protocol.md").read_text()
NAME = re.compile(r"`([A-Za-z_]\w*)`")
COMMON = {"id", "company_id", "openid", "unionid", "avatar"}


def section(heading: str) -> str:
    """The text below a heading of whatever level, up to the next one of the second level."""
    found = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^## |\Z)", PROTOCOL, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(heading: str, first: str) -> list[list[str]]:
    """The cells of that table of a section whose first column is called `first`."""
    _, table = section(heading).split(f"\n| {first} |", 1)
    lines = table.partition("\n\n")[0].splitlines()[2:]
    assert lines, heading
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def properties(schema: Json) -> Json:
    """The fields of a schema, its own and those of its parts, but `messageType`."""
    found = {name: field for part in parts(schema) for name, field in part.get("properties", {}).items()}
    return {name: field for name, field in found.items() if name != "messageType"}


def words(node: Any) -> set[str]:
    """All names of fields, and all texts that a field may be, in a schema and below."""
    if isinstance(node, list):
        return {word for one in node for word in words(one)}
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for part in parts(node):
        found |= {*part.get("properties", ()), *map(str, part.get("enum", ()))}
        found |= words([one for name, one in part.items() if name != "allOf"])
    return found


def by_type(schemas_: list[Json]) -> dict[int, Json]:
    return {kind: schema for schema in schemas_ if (kind := type_of(schema))}


def test_the_rooms_objects_have_the_fields_that_the_table_names() -> None:
    shown = by_type(payloads("send", CLASSIC))
    listed = {int(kind): fields for kind, _, fields in rows("What the server sends", "`messageType`")}
    assert listed.keys() == shown.keys() | {0}
    for kind, schema in shown.items():
        cell = listed[kind]
        named = set(NAME.findall(cell))
        if kind == 2:
            assert cell == "as 1, without `attributes`"
            named = set(NAME.findall(listed[1])) - {"attributes"}
        assert properties(schema).keys() <= named, f"type {kind}: the table lacks a field"
        assert named <= words(schema) | {"null"}, f"type {kind}: the table names what is no field"
        values = {one for field in properties(schema).values() for one in resolved(field).get("enum", ())}
        assert values <= named, f"type {kind}: the table lacks a value"


def test_a_clients_frames_have_the_fields_that_the_table_and_the_list_name() -> None:
    said = by_type(payloads("receive", CLASSIC))
    listed = {int(kind): set(NAME.findall(fields)) for kind, _, fields in rows("What a client sends", "`messageType`")}
    assert listed.keys() == said.keys()
    for kind, schema in said.items():
        assert properties(schema).keys() - COMMON == listed[kind], f"type {kind}"
        assert properties(schema).keys() >= COMMON, f"type {kind}"
    (carried,) = re.findall(r"^Any of them may carry:\n(.*?)\n\n[A-Z]", PROTOCOL, re.MULTILINE | re.DOTALL)
    assert set(NAME.findall(carried)) == COMMON


def test_a_refusal_has_the_errors_of_the_table() -> None:
    listed = [NAME.findall(code)[0] for code, _ in rows("Replies", "`error`")]
    assert listed == schemas()["refused"]["properties"]["error"]["enum"]


def test_replies_have_the_fields_that_the_text_names() -> None:
    named = set(NAME.findall(section("Replies")))
    for name in ("accepted", "refused"):
        assert properties(schemas()[name]).keys() - {"ok"} <= named, name


def test_the_closing_codes_and_the_refusals_of_a_handshake_are_those_of_the_tables() -> None:
    assert [code for code, _ in rows("Closing", "Code")] == [*document()["x-close-codes"]]
    assert [status for status, _ in rows("Opening a connection", "Status")] == [*document()["x-handshake-refusals"]]


def test_a_handshake_has_the_parameters_of_the_table() -> None:
    query = document()["components"]["channelBindings"]["room"]["ws"]["query"]
    assert [NAME.findall(name)[0] for name, _ in rows("Opening a connection", "Name")] == [*query["properties"]]


def test_the_topics_have_the_types_of_the_table() -> None:
    listed: dict[str, set[int]] = {LIVE_TOPIC: set(), SAVE_TOPIC: set()}
    for kinds, live, saved in rows("Kafka records", "`messageType`"):
        for topic, answer in ((LIVE_TOPIC, live), (SAVE_TOPIC, saved)):
            assert answer in ("yes", "no")
            listed[topic] |= {int(kind) for kind in re.findall(r"\d+", kinds) if answer == "yes"}
    for topic, expected in listed.items():
        assert {type_of(schema) for schema in payloads("send", topic)} == expected, topic


def test_the_sanctions_of_records_are_those_of_the_text() -> None:
    text = " ".join(section("Kafka records").split())
    assert "The actions are those of type 11 and `unbanned`." in text
    shown, written = (words(by_type(payloads("send", one))[11]) for one in (CLASSIC, LIVE_TOPIC))
    assert written >= (shown - {"replaced"}) | {"unbanned"}


def examples(name: str) -> Iterator[Any]:
    """The lines of the JSON blocks of a document below docs/, without its part on the HTTP API."""
    text = PATH.with_name(name).read_text().partition("\n## HTTP API\n")[0]
    for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from map(json.loads, block.replace("…", "a").splitlines())


def test_the_examples_are_as_the_document_says() -> None:
    found = [*examples("protocol.md")]
    for example in found:
        if isinstance(example, list) or "activityId" not in example or "history" in example:
            check_shown(example, "live.v1" if isinstance(example, list) else CLASSIC)
        elif "createTime" in example:
            check_record(SAVE_TOPIC, example)
            assert properties(schemas()["record"]).keys() | {"messageType"} == example.keys()
        else:
            check_produced(example, LIVE_TOPIC)
    assert len(found) > 15


def test_the_examples_of_the_readme_are_as_the_document_says() -> None:
    """A frame that ends in `…}` there has more fields than are shown."""
    lines = re.findall(r"^ *(<-|->) +(\{.*?\})(?:  .*)?$", (PATH.parents[1] / "README.md").read_text(), re.MULTILINE)
    whole = [(arrow, json.loads(text)) for arrow, text in lines if not text.endswith("…}")]
    for arrow, said in whole:
        if arrow == "->":
            check_sent(said)
        else:
            check_shown(said, CLASSIC)
    assert {arrow for arrow, _ in whole} == {"<-", "->"}
