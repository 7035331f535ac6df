"""What the load is told on the command line."""

from functools import partial

import pytest

from tests.tools.wrong_arguments import said
from tools.load.command import shortage
from tools.load.options import LoadOptions


def test_rates_are_those_of_the_reference_room_in_proportion() -> None:
    options = LoadOptions.parse(["--viewers", "100"], {})
    assert (options.chat_rate, options.like_rate, options.join_rate) == (5, 20, 2)
    options = LoadOptions.parse(["--viewers", "5000"], {})
    assert (options.chat_rate, options.like_rate, options.join_rate) == (50, 200, 20)


def test_nobody_joins_by_default_while_viewers_vanish() -> None:
    assert LoadOptions.parse(["--mode", "vanish"], {}).join_rate == 0


def test_each_load_has_a_tag_and_a_room_of_its_own() -> None:
    first, second = LoadOptions.parse([], {}), LoadOptions.parse([], {})
    assert first.tag != second.tag
    assert first.first_room != second.first_room


def test_what_cannot_be_meant_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, problem in (
        ("--chat-rate 50 --viewers 20", "--chat-rate 50: the 20 viewers of a room that speak may do 1 a second each"),
        ("--chat-rate 9 --viewers 10 --mode slow", "the 8 viewers of a room that speak"),
        ("--like-rate 41 --viewers 20", "--like-rate 41"),
        ("--join-rate 11 --viewers 20", "--join-rate 11"),
        ("--join-rate 20 --rooms 30 --viewers 30000", "is more than --connect-rate 400"),
        ("--rooms 3 --viewers 2", "2 viewers cannot fill 3 rooms"),
        ("--processes 3 --viewers 2", "2 viewers cannot be spread over 3 processes"),
        ("--viewers 1 --mode vanish", "too few for --mode vanish"),
        ("--mode storm --seconds 8", "--jitter: the storm is in the middle"),
        ("--mode vanish --join-rate 1", "leave it out with --mode vanish"),
        ("--first-room 9007199254740991 --rooms 2", "rooms have numbers up to"),
        ("--gallery 5 --mode storm", "--gallery: there are no readers with --mode storm"),
        ("--gallery -1", "'-1' is not a number from 0"),
        ("--api https://a.example/api", "--api: only the readers of a --gallery ask there"),
        ("--gallery 5 --url wss://a.execute-api.r.amazonaws.com/websocket", "--api: name the stack's PlatformApiUrl"),
        ("--viewers 0", "'0' is not a number from 1"),
        ("--viewers nan", "'nan' is not a number"),
        ("--seconds nan", "'nan' is not a number"),
        ("--share 1", "'1' is not a number from 0.001 to 0.999"),
        ("--url http://localhost/", "is not a ws:// or wss:// address"),
        ("--mode heavy", "invalid choice: 'heavy'"),
        ("--view 3", "there is no option --view: did you mean --viewers?"),
    ):
        line = said(capsys, partial(LoadOptions.parse, arguments.split(), {}), arguments)
        assert line.startswith("python -m tools load: "), arguments
        assert problem in line, arguments


def test_an_address_may_be_given() -> None:
    assert LoadOptions.parse(["--url", "wss://example.org/websocket"], {}).url == "wss://example.org/websocket"


def test_the_emulators_port_is_the_one_that_make_dev_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert LoadOptions.parse([], {}).url == "ws://127.0.0.1:8000/websocket"
    assert LoadOptions.parse([], {"PORT": "8100"}).url == "ws://127.0.0.1:8100/websocket"
    with pytest.raises(SystemExit) as ended:
        LoadOptions.parse([], {"PORT": "abc"})
    assert ended.value.code == 2
    assert capsys.readouterr().err == "python -m tools load: PORT: 'abc' is not a number from 1 to 65535\n"


def test_viewers_beyond_the_limit_of_open_files_are_refused() -> None:
    def short(room: int | None, **options: int) -> str:
        return shortage(LoadOptions(url="", **options), room) or ""  # type: ignore[arg-type]

    assert short(1000, viewers=1000) == short(500, viewers=1000, processes=2) == short(None, viewers=10**6) == ""
    assert "1001 viewers in a process do not fit" in short(1000, viewers=2001, processes=2)
    assert short(1100, viewers=100, gallery=500) == short(1000, viewers=2000, processes=2, gallery=500) == ""
    assert "501 readers do not fit" in short(1100, viewers=100, gallery=501)
    assert "501 readers do not fit" in short(1000, viewers=2000, processes=2, gallery=501)


def test_readers_ask_at_the_host_of_the_rooms_unless_it_is_told() -> None:
    assert LoadOptions.parse(["--gallery", "5"], {}).api == "http://127.0.0.1:8000/api"
    named = ["--gallery", "5", "--url", "wss://r.example/websocket", "--api", "https://a.example/api/"]
    assert LoadOptions.parse(named, {}).api == "https://a.example/api"
