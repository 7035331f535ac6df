"""The API's OpenAPI description: FastAPI's own, corrected and completed with examples."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

Json = dict[str, Any]


class Api(FastAPI):
    """A FastAPI application whose description has an example for every body, and no 422: that is a 400 here."""

    def openapi(self) -> Json:
        """The description, made at the first call."""
        if self.openapi_schema is None:
            self.openapi_schema = _mended(super().openapi())
        return self.openapi_schema


def _mended(described: Json) -> Json:
    schemas = described.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in (operation for path in described["paths"].values() for operation in path.values()):
        operation["responses"].pop("422", None)
        for content in _contents(operation):
            content.setdefault("example", _example(content["schema"], schemas))
    return described


def _contents(operation: Json) -> Iterator[Json]:
    bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
    for body in bodies:
        yield from body.get("content", {}).values()


def _example(schema: Json, schemas: Json) -> Any:
    """A value of a schema, made of the first examples of its fields."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas)
    if schema.get("type") == "array":
        return [_example(schema["items"], schemas)]
    return {name: _example(field, schemas) for name, field in schema["properties"].items()}
