"""What is wrong with an entry of cdk.json, in the words of cdk.json: a line a mistake."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

# What each kind of pydantic's errors means; in braces, what its context tells.
_WORDS = {
    "bool_type": "must be true or false",
    "extra_forbidden": "there is no such setting",
    "finite_number": "must be a number",
    "float_type": "must be a number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "missing": "is not set",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "too_long": "there must be {max_length} at most, not {actual_length}",
    "too_short": "there must be {min_length} at least, not {actual_length}",
    "tuple_type": "must be a list",
    "union_tag_invalid": "its kind must be one of {expected_tags}, not {tag!r}",
    "union_tag_not_found": "its kind is not set",
    "value_error": "{error}",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be a table"),
}
# Those of which the value that was found says more.
_SHOWN = {"bool_type", "float_type", "greater_than", "greater_than_equal", "int_type", "less_than_equal"}
_SHOWN |= {"literal_error", "string_type", "tuple_type"}


def mistakes(errors: Sequence[ErrorDetails], table: Mapping[str, Any]) -> list[str]:
    """A line for each of pydantic's errors about `table`: which setting, and what of it."""
    return [f"{_setting(error['loc'], table)}: {_said(error)}" for error in errors if not _follows(error)]


def _follows(error: ErrorDetails) -> bool:
    # Of a list pydantic counts what is right in it: what is wrong has been told already.
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _said(error: ErrorDetails) -> str:
    known = dict(error.get("ctx", {}))
    if "actual_length" in known:
        known["actual_length"] = len(error["input"])
    words = _WORDS[error["type"]].format_map(known) if error["type"] in _WORDS else error["msg"]
    return f"{words}, not {error['input']!r}" if error["type"] in _SHOWN else words


def _setting(location: Sequence[int | str], table: Any) -> str:
    """`network.existing.private_subnet_ids[1]`, without what pydantic alone finds there: the kind of a union."""
    name, found = "", table
    for position, step in enumerate(location):
        if isinstance(step, int):
            name, found = f"{name}[{step}]", found[step]
        elif isinstance(found, Mapping) and (step in found or position == len(location) - 1):
            name, found = f"{name}.{step}", found.get(step)
    return name.removeprefix(".")
