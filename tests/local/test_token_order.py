from typing import Any

import pytest

from functions.rooms.identity import VIEWER, Malformed
from local.token_order import TokenOrder


def test_the_least_that_is_said_is_for_a_viewer_for_an_hour() -> None:
    order = TokenOrder(activity_id=42, user_id="u1", name="u1", caps=VIEWER, seconds=3600)
    assert TokenOrder.parse({"activityId": 42, "userId": "u1"}) == order
    assert TokenOrder.parse({"activityId": "42", "userId": "u1", "name": "u1", "caps": ["like", "chat"]}) == order


def test_an_order_without_a_room_is_for_a_platform() -> None:
    assert TokenOrder.parse({"activityId": None, "userId": "shop"}).activity_id is None


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"activityId": "forty"}, "activityId"),
        ({"activityId": 0}, "activityId"),
        ({"activityId": True}, "activityId"),
        ({"userId": ""}, "userId"),
        ({"userId": None}, "userId"),
        ({"name": "a\x00b"}, "username"),
        ({"name": 7}, "name"),
        ({"caps": ["fly"]}, "caps"),
        ({"caps": "chat"}, "caps"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": "60"}, "seconds"),
        ({"seconds": 10**9}, "seconds"),
    ],
)
def test_what_cannot_be_meant_is_named(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(Malformed, match=problem):
        TokenOrder.parse({"activityId": 42, "userId": "u1", **wrong})


@pytest.mark.parametrize("value", [None, [], "order", 7])
def test_an_order_is_one_object(value: Any) -> None:
    with pytest.raises(Malformed, match="one JSON object"):
        TokenOrder.parse(value)
