from typing import Any

from functions.rooms.identity import VIEWER, Malformed
from tests.functions.rooms.refusals import not_refused
from tools.token_order import TokenOrder


def test_the_least_that_is_said_is_for_a_viewer_for_an_hour() -> None:
    order = TokenOrder(activity_id=42, user_id="u1", name="u1", caps=VIEWER, seconds=3600)
    assert TokenOrder.parse({"activityId": 42, "userId": "u1"}) == order
    assert TokenOrder.parse({"activityId": "42", "userId": "u1", "name": "u1", "caps": ["like", "chat"]}) == order


def test_an_order_without_a_room_is_for_a_platform() -> None:
    assert TokenOrder.parse({"activityId": None, "userId": "shop"}).activity_id is None


def test_what_cannot_be_meant_is_named() -> None:
    wrong: dict[str, list[dict[str, Any]]] = {
        "activityId": [{"activityId": "forty"}, {"activityId": 0}, {"activityId": True}],
        "userId": [{"userId": ""}, {"userId": None}],
        "username": [{"name": "a\x00b"}],
        "name": [{"name": 7}],
        "caps": [{"caps": ["fly"]}, {"caps": "chat"}],
        "seconds": [{"seconds": 0}, {"seconds": "60"}, {"seconds": 10**9}],
    }
    for problem, orders in wrong.items():
        whole = [{"activityId": 42, "userId": "u1", **order} for order in orders]
        assert not_refused(TokenOrder.parse, whole, Malformed, problem) == []


def test_an_order_is_one_object() -> None:
    values: list[Any] = [None, [], "order", 7]
    assert not_refused(TokenOrder.parse, values, Malformed, "one JSON object") == []
