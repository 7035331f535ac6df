from argparse import ArgumentTypeError

import pytest

from tests.functions.rooms.refusals import not_refused
from tools.address import address, subprotocols, viewer_url


def test_what_is_no_address_of_a_websocket_is_refused() -> None:
    wrong = [
        "",
        "localhost",
        "http://localhost/",
        "ws://",
        "ws://h:99999/",
        "ws://h/a b",
        "ws://u@h/",
        "ws://h/\r\nX: y",
    ]
    assert not_refused(address("ws", "wss"), wrong, ArgumentTypeError, "") == []


def test_an_address_is_of_one_of_the_schemes() -> None:
    for url in ("ws://localhost", "wss://rooms.example/websocket?a=1", "ws://[::1]:8000/"):
        assert address("ws", "wss")(url) == url
    with pytest.raises(
        ArgumentTypeError, match="^'ws://localhost' is not a http:// or https:// address: did you mean http://localhost"
    ):
        address("http", "https")("ws://localhost")


def test_a_viewers_address_keeps_the_query_but_for_what_is_the_viewers_own() -> None:
    url = viewer_url("ws://localhost:8000/websocket?token=a%26b&username=nobody&empty=", 7, "é&")
    assert url == "ws://localhost:8000/websocket?token=a%26b&empty=&activityId=7&username=%C3%A9%26"
    assert viewer_url("wss://h/websocket", 7, "bob", since="e.1").endswith("?activityId=7&username=bob&since=e.1")


def test_a_viewer_offers_its_framing_and_its_token() -> None:
    assert subprotocols("live.v1", "x.y.z") == ["live.v1", "bearer.x.y.z"]
    assert subprotocols("live.v1", None) == ["live.v1"]
    assert subprotocols("classic", None) is None
