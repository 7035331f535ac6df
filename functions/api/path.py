"""The parameters of paths."""

from typing import Annotated

from fastapi import Depends, Path

from functions.rooms.identity import parse_activity_id, parse_user_id


def _activity_id(
    activity_id: Annotated[
        str, Path(alias="activityId", description="The room: an integer from 1 to 9007199254740991", examples=["42"])
    ],
) -> int:
    return parse_activity_id(activity_id)


def _user_id(
    user_id: Annotated[str, Path(alias="userId", description="1-64 characters", examples=["alice"])],
) -> str:
    return parse_user_id(user_id)


ActivityId = Annotated[int, Depends(_activity_id)]
UserId = Annotated[str, Depends(_user_id)]
