"""What is wrong with a request: one line, in the words of this API and not of the library that found it."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

NOT_JSON = "body: must be JSON"
CONTENT_TYPE = "send Content-Type: application/json"
# A body may have a million wrong fields, and a field a name of any length: the message names the first few, cut short.
PROBLEMS_NAMED = 3
PROBLEM_LENGTH = 200

# By the library's type of problem, or by the part of it before the first underscore. Braces take from its context.
# https://docs.pydantic.dev/latest/errors/validation_errors/
_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "json_invalid": "must be JSON",
    "int": "must be an integer",
    "bool": "must be true or false",
    "list": "must be a list",
    "model": "must be an object",
    "string": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "too_long": "must have at most {max_length} items",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


def summary(request: Request, error: RequestValidationError) -> str:
    """The first problems and how many more there are; only the content type where that is not JSON's."""
    if _takes_json(request) and not is_json(request.headers.get("content-type", "")):
        return CONTENT_TYPE
    problems = error.errors()
    named = [f"{_place(problem)}: {_sentence(problem)[:PROBLEM_LENGTH]}" for problem in problems[:PROBLEMS_NAMED]]
    further = len(problems) - len(named)
    return "; ".join(named) + (f"; and {further} more" if further else "")


def _takes_json(request: Request) -> bool:
    route = request.scope.get("route")
    return isinstance(route, APIRoute) and route.body_field is not None


def is_json(content_type: str) -> bool:
    """Whether that is JSON's content type, or one of its kind."""
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


def _place(problem: Mapping[str, Any]) -> str:
    # What is no JSON is told with its place in the body, which is no field.
    parts = problem["loc"][:1] if problem["type"] == "json_invalid" else problem["loc"]
    return ".".join(str(part) for part in parts)[:PROBLEM_LENGTH]


def _sentence(problem: Mapping[str, Any]) -> str:
    kind: str = problem["type"]
    sentence = _SENTENCES.get(kind) or _SENTENCES.get(kind.partition("_")[0], "is invalid")
    return sentence.format_map(problem.get("ctx", {}))
