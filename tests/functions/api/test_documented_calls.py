"""The calls that documents name are the API's: their methods, paths, parameters, bodies and capabilities."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

from functions.api.app import app
from tests.functions.api.test_routes import ROUTES

ROOT = Path(__file__).parents[3]
# The others tell of calls that are no more, or were never made.
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
# They are no part of the description, since they show it.
NOT_DESCRIBED = ("/docs", "/openapi.json")

DESCRIBED = app.openapi()
METHODS = "GET|PUT|POST|PATCH|DELETE"
# An address behind one of the ways to write the API's: `/api`, a variable of the shell, or an ellipsis, which also
# stands for the beginning of a path.
CALL = re.compile(
    rf"(?:\b(?P<said>{METHODS}) )?"
    r"(?P<api>(?<![\w.)-])/api|(?<=\d)/api|(?<=\})/api|\$(?:PLATFORM_)?API(?:_URL)?|(?<!//)… ?)"
    r"(?P<path>/[a-z][\w{}./-]*)(?:\?(?P<query>[\w&=%{}]+))?"
)
OPTION = re.compile(rf"-X ({METHODS})\b")
BODY = re.compile(r" -d '(\{.*?\})'")


@dataclass(frozen=True)
class Call:
    """A call as a document names it; `method` is None if the document names none. `begins`: the path is whole."""

    method: str | None
    path: str
    query: frozenset[str]
    begins: bool = True
    body: Any = None


def calls(text: str) -> Iterator[Call]:
    """The calls that a text names, in prose or as a command."""
    for line in text.replace("\\\n", " ").splitlines():
        for found in CALL.finditer(line):
            body = BODY.search(line)
            yield Call(
                found["said"] or method_of(line[: found.start()], has_body=body is not None),
                found["path"].rstrip("./"),
                frozenset(one.partition("=")[0] for one in (found["query"] or "").split("&") if one),
                begins=not found["api"].startswith("…"),
                body=json.loads(body[1]) if body else None,
            )


def method_of(command: str, *, has_body: bool) -> str | None:
    """The method with which curl is called, also by the name `api`; None for prose."""
    if options := OPTION.findall(command):
        return str(options[-1])
    is_command = "curl" in command or command.startswith("api ")
    return ("POST" if has_body else "GET") if is_command else None


def operations() -> Iterator[tuple[str, str, Any]]:
    """Method, path below `/api`, and description of each operation."""
    for path, described in DESCRIBED["paths"].items():
        for method, operation in described.items():
            yield method.upper(), path.removeprefix("/api"), operation


def query_of(operation: Any) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}


def takes(operation: Any, body: Any) -> bool:
    """Whether an operation takes that body."""
    if body is None:
        return True
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", False)
    return bool(schema) and Draft202012Validator({**schema, "components": DESCRIBED["components"]}).is_valid(body)


def fits(call: Call, path: str) -> bool:
    """Whether a call's path is this one of the API, or its end."""
    ours, theirs = call.path.split("/")[1:], path.split("/")[1:]
    if len(ours) > len(theirs) or (call.begins and len(ours) < len(theirs)):
        return False
    return all(b.startswith("{") or a == b for a, b in zip(ours, theirs[-len(ours) :], strict=True))


def is_there(call: Call) -> bool:
    """Whether the API has a call."""
    if call.path in NOT_DESCRIBED:
        return call.method in (None, "GET")
    return any(
        fits(call, path)
        and call.method in (None, method)
        and call.query <= query_of(operation)
        and takes(operation, call.body)
        for method, path, operation in operations()
    )


def test_every_call_that_a_document_names_is_there() -> None:
    found = {document.name: [*calls(document.read_text())] for document in DOCUMENTS}
    wrong = {name: [call for call in named if not is_there(call)] for name, named in found.items()}
    assert {name: named for name, named in wrong.items() if named} == {}
    assert sum(map(len, found.values())) > 60
    assert sum(call.body is not None for named in found.values() for call in named) > 10


def test_a_call_that_is_not_there_is_found() -> None:
    for wrong in (
        "`GET /api/rooms`",
        "see `/api/activities/{id}/kicks`",
        "`POST /api/words`",
        "`GET /api/activities/{id}/users?page`",
        "`DELETE …/bans/{userId}`",
        'api -X PUT -d \'{"userId": "bob"}\' localhost:8000/api/activities/42/mutes',
        'api -X PUT -d \'{"user": "bob"}\' "$API/activities/42/bans"',
        "curl http://127.0.0.1:8000/api/tokens",
        "curl -X PATCH … /activities/42/bans",
        "curl -H 'a: b' \\\n  -X PUT \"$PLATFORM_API_URL/activities\"",
    ):
        (call,) = calls(wrong)
        assert not is_there(call), (wrong, call)
    for right in (
        "the calls of `/api/…`, `/api/*` and `/api/{proxy+}`, https://docs.aws.amazon.com/lambda/latest/api/Invoke.html",
        "wss://…/websocket, `https://…/websocket/@connections/{connectionId}`",
    ):
        assert [*calls(right)] == [], right


def rows() -> Iterator[tuple[set[tuple[str, str, frozenset[str]]], str]]:
    """The calls of each row of docs/protocol.md's table, and what stands in its brackets."""
    section = (ROOT / "docs" / "protocol.md").read_text().partition("\n| Call | |\n")[2].partition("\n\n")[0]
    for line in section.splitlines()[1:]:
        cell = line.split(" | ")[0]
        found = re.search(r"/api(/[^`?]*)(?:\?([^`]*))?`", cell)
        assert found, line
        path = found[1].replace("{id}", "{activityId}")
        query = frozenset((found[2] or "").split("&")) - {""}
        brackets = re.search(r"\[(.*?)\]", cell)
        yield {(method, path, query) for method in re.findall(METHODS, cell)}, brackets[1] if brackets else ""


def test_the_table_of_the_protocol_has_all_calls_with_their_parameters_and_capabilities() -> None:
    listed = {call: needed for found, needed in rows() for call in found}
    assert {(method, path, frozenset(query_of(one))) for method, path, one in operations()} == listed.keys()
    needs = {
        (route.method, re.sub(r"/17$", "/{seq}", route.path.partition("?")[0]).replace("/42", "/{activityId}")): (
            route.capability or "",
            route.kind == "all",
        )
        for route in ROUTES
    }
    for (method, path, _), needed in listed.items():
        capability, _, scope = needed.partition(", ")
        expected = needs.get((method, f"/api{path}"), ("", False))
        assert (capability, scope == "platform's") == expected, f"{method} {path}"
