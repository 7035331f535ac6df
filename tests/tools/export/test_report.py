import argparse
import asyncio
import csv
import io
import json
from functools import partial
from pathlib import Path

import pytest

from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.rooms import events
from functions.rooms.deeds import deed_of
from functions.rooms.events import Event
from functions.rooms.records import LATEST
from tests.functions import made
from tests.functions.tables import REGION, api, make_table
from tests.tools.wrong_arguments import said
from tools.__main__ import main
from tools.export.report import COLUMNS, REPORTS, moment

START = 1_795_436_220_000
WRITER = "=cmd|' /C calc'!A0"


def event(type_: int, seconds: int, **fields: object) -> Event:
    at = START + 1000 * seconds
    return made.event(type_, user_id=WRITER, time=at, logged_at=at, **{"online": 1, "likes": 0} | fields)


@pytest.fixture
def table(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table with a show in it, which a command finds as a deployed one: by AWS's own variables."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    return asyncio.run(filled(moto_url))


async def filled(url: str) -> str:
    name = await make_table(url)
    happened = [event(events.JOIN, 0), event(events.CHAT, 1), event(events.LIKE, 61, likes=5)]
    happened.append(event(events.LEAVE, 90, online=0, watch_seconds=90, likes=5))
    async with api(url) as dynamodb:
        deeds = [deed for offset, one in enumerate(happened) if (deed := deed_of(one, offset))]
        assert await WatchTotals(dynamodb, name).add(deeds) == []
    return name


def arguments(table: str, *more: str) -> list[str]:
    times = ["--since", "2026-11-23T12:17:00Z", "--until", str(START + 3_600_000)]
    return ["export", "--activity", "42", "--table", table, "--region", REGION, "--report", *times, *more]


def test_a_report_is_the_object_that_the_api_answers_with(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(table), {}) == 0
    out, err = capsys.readouterr()
    [told] = [json.loads(line) for line in out.splitlines()]
    assert (told["from"], told["to"], err) == (START, START + 3_600_000, "")
    assert (told["viewers"], told["joins"], told["chats"], told["likes"]) == (1, 1, 1, 5)
    assert (told["watchSeconds"], told["longest"]) == (90.0, [{"userId": WRITER, "seconds": 90.0}])
    assert (len(told["minutes"]), told["estimated"]) == (2, [])


def test_in_csv_it_is_a_row_for_each_figure_minute_and_user(table: str, tmp_path: Path) -> None:
    file = tmp_path / "show.csv"
    assert main(arguments(table, "--format", "csv", "--output", str(file)), {}) == 0
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert tuple(rows[0]) == COLUMNS
    figures = {row["name"]: row["value"] for row in rows if row["what"] == "figure"}
    assert (figures["viewers"], figures["watchSeconds"], figures["averageOnline"]) == ("1", "90.0", "0.75")
    minutes = [row for row in rows if row["what"] == "minute"]
    assert [(row["at"], row["joins"], row["likes"]) for row in minutes] == [
        ("2026-11-23T12:17:00.000Z", "1", "0"),
        ("2026-11-23T12:18:00.000Z", "0", "5"),
    ]
    assert [(row["what"], row["name"][:2], row["value"]) for row in rows[-2:]] == [
        ("longest", "'=", "90.0"),
        ("mostActive", "'=", "1"),
    ]
    assert {row["estimated"] for row in rows} == {""}


def test_what_is_estimated_says_so() -> None:
    report = dict.fromkeys(("from", "to", "peakOnline", "averageOnline", "joins", "leaves", "chats"), 0)
    minute = {"time": START, "onlineNumber": 1, "joins": 0, "leaves": 0, "chats": 0, "likes": 3}
    told = report | {
        **dict.fromkeys(("viewers", "chatters", "likes", "watchSeconds", "watchSecondsPerViewer"), 1),
        "minutes": [minute],
        "longest": [{"userId": "alice", "seconds": 1.5}],
        "mostActive": [{"userId": "alice", "chats": 2}],
        "estimated": ["likes", "longest"],
    }
    rows = list(csv.DictReader(io.StringIO(REPORTS["csv"](told).decode(), newline="")))
    assert [row["what"] + row["name"] for row in rows if row["estimated"] == "true"] == [
        "figurelikes",
        "minute",
        "longestalice",
    ]


def test_a_time_in_which_nothing_is_kept_is_no_failure(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--activity", "43", "--table", table, "--report"], {"AWS_REGION": REGION}) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["minutes"] == []
    assert err == "nothing is kept of room 43 in this time\n"


def test_a_time_is_written_in_ms_or_as_a_date_with_a_zone() -> None:
    assert moment("1795436220000") == moment("2026-11-23T12:17:00Z") == moment("2026-11-23T13:17:00+01:00") == START
    for text in (
        "",
        "soon",
        "-1",
        "2026-11-23T12:17:00",
        str(LATEST + 1),
        "1.5",
        "9" * 400,
        "0001-01-01T00:00:00Z",
        "１",
    ):
        with pytest.raises(argparse.ArgumentTypeError, match="is no time"):
            moment(text)


def test_wrong_arguments_end_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for more, problem in (
        (["--since", "5"], "--since and --until are for --report"),
        (["--report", "--since", "soon"], "--since: 'soon' is no time"),
        (["--report", "--since", "6", "--until", "5"], "--since and --until: to must be later than from"),
        (["--report", "--since", "0"], "--since and --until: from and to must be at most 7 days apart"),
        (["--report", "--private"], "--private: a report counts no private chats"),
    ):
        line = said(capsys, partial(main, ["export", "--activity", "42", *more], {}), more)
        assert line.startswith(f"python -m tools export: {problem}"), more
