"""Why a moderator does something to a user: a line that its target is told."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.types import StrictStr

from functions.rooms.text import LINE_PATTERN, REASON_LENGTH, flaw_of_reason

_ABOUT = "Why; the user is told"
_EXAMPLE = "no links, please"


def _reason(text: str) -> str:
    if flaw := flaw_of_reason(text):
        raise ValueError(f"it {flaw}")
    return text


_Line = Annotated[
    StrictStr,
    AfterValidator(_reason),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": REASON_LENGTH, "pattern": LINE_PATTERN}),
]

# As a field of a body, and as the parameter of a query.
Reason = Annotated[_Line | None, Field(description=_ABOUT, examples=[_EXAMPLE])]
OneReason = Annotated[_Line | None, Query(alias="reason", description=_ABOUT, examples=[_EXAMPLE])]
