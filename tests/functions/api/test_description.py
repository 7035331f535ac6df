"""The description tells everything, and nothing but what is so."""

from typing import Any

import httpx

from functions.api.app import app
from tests.functions.api.bearers import bearing

Json = dict[str, Any]
DESCRIBED = app.openapi()
OPERATIONS = {
    operation["operationId"]: operation for path in DESCRIBED["paths"].values() for operation in path.values()
}
CALLS = [
    (method.upper(), path.format(activityId=42, seq=17), operation)
    for path, operations in DESCRIBED["paths"].items()
    for method, operation in operations.items()
]


def resolved(schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def needed(operation: Json) -> dict[str, str]:
    """The examples of the parameters of a query without which a call is refused."""
    parameters = [one for one in operation.get("parameters", []) if one["in"] == "query" and one["required"]]
    return {one["name"]: one["schema"]["examples"][0] for one in parameters}


def test_each_operation_is_named_once() -> None:
    assert len(OPERATIONS) == len(CALLS)


def test_each_route_says_what_it_is_for() -> None:
    for name, operation in OPERATIONS.items():
        for said in ("summary", "description", "tags"):
            assert operation[said], (name, said)


def test_each_parameter_has_a_description_and_an_example() -> None:
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter)
            assert parameter.get("examples") or parameter["schema"]["examples"], (name, parameter)


def test_each_body_and_each_response_has_an_example() -> None:
    for name, operation in OPERATIONS.items():
        for body in [*operation["responses"].values(), operation.get("requestBody", {"description": "none"})]:
            assert "description" in body or body["content"], name
            for content in body.get("content", {}).values():
                assert content["example"], name
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            assert "content" in response or status == "204", (name, status)


def test_each_route_describes_its_errors_and_asks_for_a_token() -> None:
    for name, operation in OPERATIONS.items():
        statuses = operation["responses"].keys()
        assert "422" not in statuses, name
        assert "503" in statuses, name
        # That there is no valid token is an answer of admission, and no error.
        assert {"401", "403"} <= statuses or name in ("health", "admission"), name
        assert "400" in statuses or not (operation.get("parameters") or operation.get("requestBody")), name
        # A beacon has no header for a token.
        optional: list[Json] = [{}] if name in ("admission", "leave") else []
        assert operation.get("security") == (None if name == "health" else [{"HTTPBearer": []}, *optional]), name
        for status in statuses - {"200", "201", "204"}:
            content = operation["responses"][status]["content"]["application/json"]
            described = resolved(content["schema"])["properties"].keys()
            assert described == content["example"].keys() == {"error", "message"}, (name, status)


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


async def test_each_example_can_be_sent_and_gives_what_is_described(client: httpx.AsyncClient) -> None:
    for method, path, operation in CALLS:
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        headers = bearing(activity_id=42) if operation["operationId"] == "take" else {}
        answer = await client.request(method, path, json=body, params=needed(operation), headers=headers)
        assert str(answer.status_code) in operation["responses"], (method, path)
        assert answer.is_success, (method, path)
        if answer.status_code != 204:
            described = operation["responses"][str(answer.status_code)]["content"]["application/json"]
            if "additionalProperties" in resolved(described["schema"]):  # names that the platform chooses
                continue
            if operation["operationId"] == "take":  # only a reader in the gallery is told all of it
                assert answer.json().keys() < described["example"].keys()
                continue
            assert answer.json().keys() == described["example"].keys(), (method, path)
            assert resolved(described["schema"])["properties"].keys() == answer.json().keys(), (method, path)


async def test_a_cursor_may_be_sent_as_the_example_has_it(client: httpx.AsyncClient) -> None:
    for path in ("/api/activities", "/api/activities/{activityId}/users"):
        parameters = {parameter["name"]: parameter for parameter in DESCRIBED["paths"][path]["get"]["parameters"]}
        example = parameters["cursor"].get("examples") or parameters["cursor"]["schema"]["examples"]
        answer = await client.get(path.format(activityId=42), params={"cursor": str(example[0])})
        assert answer.status_code == 200
