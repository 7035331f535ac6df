"""The parameters of paths, and how they are described."""

from typing import Annotated

from fastapi import Depends, Path
from pydantic import WithJsonSchema
from starlette.convertors import Convertor, register_url_convertor

from functions.rooms.identity import (
    MAX_ACTIVITY_ID,
    USER_ID_LENGTH,
    USERNAME_LENGTH,
    parse_activity_id,
    parse_user_id,
)


class _Rest(Convertor[str]):
    """All that follows: a user's id may have slashes, which API Gateway decodes before anybody sees the path."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """It is taken as it is."""
        return value

    def to_string(self, value: str) -> str:
        """The inverse of `convert`."""
        return value


register_url_convertor("rest", _Rest())

# How a path ends that is about a user.
ANY_USER = "{userId:rest}"

_INSIDE, _ENDS = r"[^\u0000-\u001f\u007f-\u009f]", r"[^\s\u0000-\u001f\u007f-\u009f]"

DescribedRoom = WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_ACTIVITY_ID, "examples": [42]})
DescribedUser = WithJsonSchema(
    {
        "type": "string",
        "minLength": 1,
        "maxLength": USER_ID_LENGTH,
        "pattern": f"^{_ENDS}({_INSIDE}*{_ENDS})?$",
        "examples": ["alice"],
    }
)
DescribedName = WithJsonSchema(
    {
        "type": "string",
        "minLength": 1,
        "maxLength": USERNAME_LENGTH,
        "pattern": f"^{_INSIDE}*{_ENDS}{_INSIDE}*$",
        "examples": ["Alice"],
    }
)


def _activity_id(
    activity_id: Annotated[str, DescribedRoom, Path(alias="activityId", description="The room")],
) -> int:
    return parse_activity_id(activity_id)


def _user_id(
    user_id: Annotated[
        str,
        DescribedUser,
        Path(
            alias="userId",
            description="The user: no control characters, no white space at the ends; `/` as it is or as `%2F`",
        ),
    ],
) -> str:
    return parse_user_id(user_id)


ActivityId = Annotated[int, Depends(_activity_id)]
UserId = Annotated[str, Depends(_user_id)]
