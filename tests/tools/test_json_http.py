import pytest

from tests.functions.rooms.refusals import not_refused
from tests.tools.answering import answering
from tools.json_http import NobodyThere, NotHere, asked, host_and_port


def test_an_emulator_is_on_this_machine() -> None:
    for url, place in {
        "http://127.0.0.1:8100": ("127.0.0.1", 8100),
        "ws://localhost:8100/websocket": ("localhost", 8100),
        "http://[::1]": ("::1", 80),
    }.items():
        assert host_and_port(url, otherwise="x") == place, url


def test_what_is_no_url_is_told() -> None:
    wrong = ["foo", "", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://127.0.0.1:x"]
    told = "is no URL such as http://127.0.0.1:8000$"
    assert not_refused(lambda url: host_and_port(url, otherwise="x"), wrong, NotHere, told) == []


def test_what_is_elsewhere_is_told_with_what_to_do() -> None:
    for url in ("https://rooms.example", "wss://rooms.example", "http://rooms.example:8000"):
        with pytest.raises(NotHere, match=f"^{url} is not on this machine: name it$"):
            host_and_port(url, otherwise="name it")


def test_an_answer_is_its_status_and_its_json_object() -> None:
    for status, answer, expected in (
        (200, {"a": 1}, {"a": 1}),
        (409, {"a": 1}, {"a": 1}),
        (404, b"<html>", {}),
        (200, [], {}),
    ):
        with answering("POST", status, answer) as (url, received):
            host, port = host_and_port(url, otherwise="")
            assert asked(host, port, "/_local/token", {"userId": "u"}) == (status, expected), answer
        assert received == [{"userId": "u"}]


def test_where_nobody_answers_the_place_is_told() -> None:
    for host, place in (("127.0.0.1", "http://127.0.0.1:1"), ("::1", "http://[::1]:1")):
        with pytest.raises(NobodyThere) as nobody:
            asked(host, 1, "/_local/token")
        assert nobody.value.place == place
        assert str(nobody.value).startswith(f"nothing answers at {place} (")


def test_the_emulator_speaks_no_tls() -> None:
    for url, plain in (
        ("https://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("wss://localhost/x", "http://localhost/x"),
    ):
        with pytest.raises(NotHere) as wrong:
            host_and_port(url, otherwise="name it")
        assert str(wrong.value) == f"{url}: the emulator speaks no TLS: did you mean {plain}?"
