"""Users in calls: they are named in the query or in the body, and in no path.

API Gateway cuts a path at a `?` that came encoded, and decodes what is left once more. So a path with the id of one
user may come as that of another. A query string comes as it was sent.
"""

from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic.types import StrictStr

from functions.rooms.attributes import ATTRIBUTES_AT_MOST, ATTRIBUTES_BYTES, Attributes, flaw_of_attributes
from functions.rooms.events import TARGETS_AT_MOST
from functions.rooms.identity import Malformed, parse_user_id, parse_username
from functions.rooms.text import (
    ID_LENGTH,
    ID_PATTERN,
    LINE_LENGTH,
    LINE_PATTERN,
    NAME_LENGTH,
    NAME_PATTERN,
    flaw_of_id,
)

_DescribedUser = WithJsonSchema(
    {
        "type": "string",
        "minLength": 1,
        "maxLength": ID_LENGTH,
        "pattern": ID_PATTERN,
        "examples": ["alice"],
    }
)
_DescribedName = WithJsonSchema(
    {
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_LENGTH,
        "pattern": NAME_PATTERN,
        "examples": ["Alice"],
    }
)

_DescribedAttributes = WithJsonSchema(
    {
        "type": "object",
        "description": f"What is shown beside the name; at most {ATTRIBUTES_BYTES} bytes in all, as JSON in UTF-8",
        "maxProperties": ATTRIBUTES_AT_MOST,
        "propertyNames": {"minLength": 1, "maxLength": ID_LENGTH, "pattern": ID_PATTERN},
        "additionalProperties": {"type": "string", "maxLength": LINE_LENGTH, "pattern": LINE_PATTERN},
        "examples": [{"role": "host", "level": "12"}],
    }
)


def _attributes(value: Any) -> Attributes:
    if flaw := flaw_of_attributes(value):
        raise ValueError(f"it {flaw}")
    attributes: Attributes = value
    return attributes


def _users(value: Any) -> tuple[str, ...]:
    users = [value] if isinstance(value, str) else value
    if not isinstance(users, list) or not 1 <= len(users) <= TARGETS_AT_MOST:
        raise ValueError(f"must be a userId, or a list of 1 to {TARGETS_AT_MOST}")
    for user in users:
        if not isinstance(user, str) or flaw_of_id(user):
            raise ValueError(f"must be a userId, or a list of 1 to {TARGETS_AT_MOST}; {str(user)!r} is none")
    return tuple(users)


_DescribedUsers = WithJsonSchema(
    {
        "description": "The only users who see it",
        "anyOf": [
            _DescribedUser.json_schema,
            {"type": "array", "minItems": 1, "maxItems": TARGETS_AT_MOST, "items": _DescribedUser.json_schema},
        ],
        "examples": ["alice", ["alice", "bob"]],
    }
)

# As fields of a body.
UserId = Annotated[StrictStr, AfterValidator(parse_user_id), _DescribedUser]
Username = Annotated[StrictStr, AfterValidator(parse_username), _DescribedName]
SomeUsers = Annotated[tuple[str, ...], PlainValidator(_users), _DescribedUsers]
SentAttributes = Annotated[Attributes, PlainValidator(_attributes), _DescribedAttributes]


async def _one_user(
    request: Request,
    user_id: Annotated[str, _DescribedUser, Query(alias="userId", description="The user")],
) -> str:
    if not _is_utf8(request.scope["query_string"]):
        raise Malformed("query.userId: must be UTF-8")
    # Of several, a caller may mean another than the one that is taken.
    if len(request.query_params.getlist("userId")) > 1:
        raise Malformed("query.userId: must be given once")
    return parse_user_id(user_id)


def _is_utf8(query: bytes) -> bool:
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return True


# As the parameter of a query.
OneUser = Annotated[str, Depends(_one_user)]
