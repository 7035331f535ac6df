"""The description tells everything, and nothing but what is so."""

from typing import Any

import httpx
import pytest

from functions.api.app import app

Json = dict[str, Any]
DESCRIBED = app.openapi()
OPERATIONS = {
    operation["operationId"]: operation for path in DESCRIBED["paths"].values() for operation in path.values()
}
CALLS = [
    (method.upper(), path.format(activityId=42, userId="alice", seq=17), operation)
    for path, operations in DESCRIBED["paths"].items()
    for method, operation in operations.items()
]

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


def resolved(schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_each_operation_is_named_once() -> None:
    assert len(OPERATIONS) == len(CALLS)


@every_operation
def test_each_route_says_what_it_is_for(operation: Json) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]


@every_operation
def test_each_parameter_has_a_description_and_an_example(operation: Json) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter["description"]
        assert parameter.get("examples") or parameter["schema"]["examples"]


@every_operation
def test_each_body_and_each_response_has_an_example(operation: Json) -> None:
    for body in [*operation["responses"].values(), operation.get("requestBody", {"description": "none"})]:
        assert "description" in body or body["content"]
        for content in body.get("content", {}).values():
            assert content["example"]
    for status, response in operation["responses"].items():
        assert response["description"]
        assert "content" in response or status == "204"


@every_operation
def test_each_route_describes_its_errors_and_asks_for_a_token(operation: Json) -> None:
    statuses = operation["responses"].keys()
    assert "422" not in statuses
    assert "503" in statuses
    assert {"401", "403"} <= statuses or operation["operationId"] == "health"
    assert "400" in statuses or not (operation.get("parameters") or operation.get("requestBody"))
    assert operation.get("security") == (None if operation["operationId"] == "health" else [{"HTTPBearer": []}])
    for status in statuses - {"200", "201", "204"}:
        content = operation["responses"][status]["content"]["application/json"]
        assert resolved(content["schema"])["properties"].keys() == content["example"].keys() == {"error", "message"}


def test_each_field_of_each_body_has_an_example() -> None:
    for name, schema in DESCRIBED["components"]["schemas"].items():
        assert schema["description"], name
        for field, value in schema["properties"].items():
            assert "examples" in value or "$ref" in value or "$ref" in value["items"], f"{name}.{field}"


def test_how_tokens_are_sent_is_described() -> None:
    scheme = DESCRIBED["components"]["securitySchemes"]["HTTPBearer"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    assert "caps" in scheme["description"]


def test_nothing_is_described_that_is_not_used() -> None:
    text = str(DESCRIBED)
    for name in DESCRIBED["components"]["schemas"]:
        assert f"#/components/schemas/{name}'" in text


@pytest.mark.parametrize(("method", "path", "operation"), CALLS, ids=[f"{call[0]} {call[1]}" for call in CALLS])
async def test_each_example_can_be_sent_and_gives_what_is_described(
    client: httpx.AsyncClient, method: str, path: str, operation: Json
) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    answer = await client.request(method, path, json=body)
    assert str(answer.status_code) in operation["responses"]
    assert answer.is_success
    if answer.status_code != 204:
        described = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        assert answer.json().keys() == described["example"].keys()
        assert resolved(described["schema"])["properties"].keys() == answer.json().keys()


async def test_a_cursor_may_be_sent_as_the_example_has_it(client: httpx.AsyncClient) -> None:
    for path in ("/api/activities", "/api/activities/{activityId}/users"):
        parameters = {parameter["name"]: parameter for parameter in DESCRIBED["paths"][path]["get"]["parameters"]}
        example = parameters["cursor"].get("examples") or parameters["cursor"]["schema"]["examples"]
        answer = await client.get(path.format(activityId=42), params={"cursor": str(example[0])})
        assert answer.status_code == 200


async def test_the_description_and_the_page_that_shows_it_are_there_for_everybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/openapi.json", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, DESCRIBED)
    assert (await client.get("/api/docs", headers={"Authorization": ""})).status_code == 200
