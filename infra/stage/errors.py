"""What is wrong with a stage's table in cdk.json, in the words of cdk.json: one line for each error."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

# A message for each type of pydantic's errors. The names in braces are those of the error's context.
_MESSAGES = {
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
# The types whose message ends with the value that was found.
_WITH_VALUE = {"bool_type", "float_type", "greater_than", "greater_than_equal", "int_type", "less_than_equal"}
_WITH_VALUE |= {"literal_error", "string_type", "tuple_type"}


def error_lines(errors: Sequence[ErrorDetails], table: Mapping[str, Any]) -> list[str]:
    """A line for each of pydantic's errors about `table`: the setting's name, and what is wrong with it."""
    return [f"{_setting(error['loc'], table)}: {_message(error)}" for error in errors if not _is_consequence(error)]


def _is_consequence(error: ErrorDetails) -> bool:
    # pydantic counts the valid items of a list only. A list that is long enough has an invalid item, which has an
    # error of its own.
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _message(error: ErrorDetails) -> str:
    context = dict(error.get("ctx", {}))
    if "actual_length" in context:
        context["actual_length"] = len(error["input"])
    message = _MESSAGES[error["type"]].format_map(context) if error["type"] in _MESSAGES else error["msg"]
    return f"{message}, not {error['input']!r}" if error["type"] in _WITH_VALUE else message


def _setting(location: Sequence[int | str], table: Any) -> str:
    """`network.existing.private_subnet_ids[1]`. pydantic's location also has the kind of a union, which is left out."""
    name, found = "", table
    for position, step in enumerate(location):
        if isinstance(step, int):
            name, found = f"{name}[{step}]", found[step]
        elif isinstance(found, Mapping) and (step in found or position == len(location) - 1):
            name, found = f"{name}.{step}", found.get(step)
    return name.removeprefix(".")
