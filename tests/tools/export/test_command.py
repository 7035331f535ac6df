import asyncio
import csv
import itertools
import json
import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.table import TableUnavailable
from functions.rooms.archive import items
from functions.rooms.events import CHAT, JOIN, NOTICE, REMOVED, Event
from local.app import Emulator
from local.options import Options
from tests.functions import made
from tests.functions.tables import REGION, api, make_table
from tests.tools.answering import answering
from tests.tools.wrong_arguments import said
from tools.__main__ import main
from tools.export.lines import COLUMNS

TIME = 1_795_436_242_375


def event(seq: int, type_: int = CHAT, **fields: Any) -> Event:
    return made.event(type_, time=TIME + seq, seq=seq, logged_at=TIME + seq, **fields)


ROOM = [
    event(1, JOIN, user_id="alice", username="Alice"),
    event(2, user_id="alice", username="Alice", content="=1+1"),
    event(3, user_id="bob", username="Bob", content="psst", to="alice"),
    event(10, user_id="bob", username="Bob", content="rude"),
    event(11, REMOVED, user_id="mia", username="Mia", data={"seq": 10}),
    event(12, NOTICE, user_id="shop", username="Shop", name="coupon", data={"code": "X1"}),
]


@pytest.fixture
def table(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table with ROOM in it, which a command finds as a deployed one: by AWS's own variables."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    return asyncio.run(filled(moto_url, ROOM))


async def filled(url: str, events: list[Event]) -> str:
    name = await make_table(url)
    async with api(url) as dynamodb:
        kept = [item for one in events for item in items(one, one.seq or 0, days=400)]
        assert await ArchiveTable(dynamodb, name).put(kept) == []
    return name


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_deployed_room_comes_out_in_order_of_seq_but_for_private_chat(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--activity", "42", "--table", table, "--region", REGION], {}) == 0
    out, err = capsys.readouterr()
    lines = told(out)
    assert [(line["seq"], line["what"]) for line in lines] == [
        (1, "join"),
        (2, "chat"),
        (10, "chat"),
        (11, "removal"),
        (12, "notice"),
    ]
    assert [line["seq"] for line in lines if line.get("removed")] == [10]
    assert lines[-1]["data"] == {"code": "X1"}
    assert err == ""


def test_private_chat_is_there_when_it_is_asked_for(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--activity", "42", "--table", table, "--private"], {"AWS_REGION": REGION}) == 0
    lines = told(capsys.readouterr().out)
    assert [line["seq"] for line in lines] == [1, 2, 3, 10, 11, 12]
    assert lines[2]["to"] == "alice"


def test_the_emulators_room_is_found_through_the_emulator(
    table: str, moto_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with answering("GET", 200, {"table": table, "endpoint": moto_url, "region": REGION}) as (url, _):
        assert main(["export", "--activity", "42", "--url", url], {}) == 0
        assert main(["export", "--activity", "42"], {"PORT": url.rpartition(":")[2]}) == 0
    assert len(told(capsys.readouterr().out)) == 10


async def test_what_is_said_in_an_emulators_room_can_be_exported(
    redis_url: str, kafka_bootstrap: str, moto_url: str, tmp_path: Path
) -> None:
    options = Options(port=0, window_ms=0, redis_url=redis_url, kafka_bootstrap=kafka_bootstrap, aws_endpoint=moto_url)
    activity = str(random.randrange(1, 2**52))
    file = tmp_path / "room.jsonl"
    lines: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(60),
        Emulator(options, {}) as emulator,
        connect(f"ws://{emulator.address}/websocket/{activity}/alice", proxy=None) as alice,
    ):
        await alice.send(json.dumps({"messageType": 4, "id": "c1", "message": "kept"}))
        arguments = ["--activity", activity, "--url", f"http://{emulator.address}", "--output", str(file)]
        while "kept" not in [line.get("text") for line in lines]:
            assert await asyncio.to_thread(main, ["export", *arguments], {}) == 0
            lines = told(file.read_text())
    assert [(line["what"], line["userId"]) for line in lines] == [("join", "alice"), ("chat", "alice")]


def test_csv_goes_to_a_file_that_is_there_once_it_is_whole(table: str, tmp_path: Path) -> None:
    file = tmp_path / "room.csv"
    file.write_text("of last week")
    assert main(["export", "--activity", "42", "--table", table, "--format", "csv", "--output", str(file)], {}) == 0
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert tuple(rows[0]) == COLUMNS
    assert [row["text"] for row in rows if row["what"] == "chat"] == ["'=1+1", "rude"]
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_that_fails_leaves_the_file_as_it_was(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "room.jsonl"
    file.write_text("of last week")
    asked, ask = itertools.count(), DynamoDbApi.call

    async def dying(dynamodb: DynamoDbApi, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if next(asked) == 3:  # the newest chat, its removals and all removals have been read
            raise TableUnavailable("the table went away")
        return await ask(dynamodb, operation, parameters)

    monkeypatch.setattr(DynamoDbApi, "call", dying)
    assert main(["export", "--activity", "42", "--table", table, "--output", str(file)], {}) == 1
    assert capsys.readouterr().err == "python -m tools export: the table went away\n"
    assert file.read_text() == "of last week"
    assert list(tmp_path.iterdir()) == [file]


def test_a_room_of_which_nothing_is_kept_is_no_failure(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--activity", "43", "--table", table, "--format", "csv"], {}) == 0
    out, err = capsys.readouterr()
    assert out == ",".join(f'"{name}"' for name in COLUMNS) + "\r\n"
    assert err == "nothing is kept of room 43\n"


def test_a_long_room_is_written_page_by_page(moto_url: str, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    # Four chats fill DynamoDB's page of 1 MB.
    long = [event(seq, user_id="alice", username="Alice", content="x" * 300_000) for seq in range(9)]
    name = asyncio.run(filled(moto_url, long))
    assert main(["export", "--activity", "42", "--table", name], {}) == 0
    assert [line["seq"] for line in told(capsys.readouterr().out)] == list(range(9))


NO_URL = "is no URL such as http://127.0.0.1:8000"


def test_wrong_arguments_end_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, port, problem in (
        (["--activity", "forty-two"], "", "--activity must be an integer from 1 to 9007199254740991"),
        (["--activity", "42", "--url", "nowhere"], "", f"--url: 'nowhere' {NO_URL}"),
        (["--activity", "42", "--url", "http://h:port"], "", f"--url: 'http://h:port' {NO_URL}"),
        (
            ["--activity", "42", "--url", "https://rooms.example"],
            "",
            "--url: https://rooms.example is not on this machine: name the stack's table with --table",
        ),
        (["--activity", "42"], "zz", "PORT: 'zz' is not a number from 1 to 65535"),
        (["--activity", "42", "--format", "xml"], "", "--format: invalid choice: 'xml'"),
        ([], "", "the following arguments are required: --activity"),
    ):
        line = said(capsys, partial(main, ["export", *arguments], {"PORT": port}), arguments)
        assert line.startswith(f"python -m tools export: {problem}"), arguments


def test_where_nobody_answers_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--activity", "42", "--url", "http://127.0.0.1:1"], {}) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("python -m tools export: nothing answers at http://127.0.0.1:1 (")
    assert err.count("\n") == 1


def test_what_answers_as_no_emulator_does_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    answers: list[Any] = [{}, [], b"<html>", {"table": 1, "endpoint": "", "region": ""}]
    for answer in answers:
        with answering("GET", 404, answer) as (url, _):
            assert main(["export", "--activity", "42", "--url", url], {}) == 1, answer
        told = capsys.readouterr().err
        assert told == f"python -m tools export: {url} answers 404: is that an emulator?\n", answer


def test_a_table_that_is_not_there_is_told(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--activity", "42", "--table", "elsewhere"], {}) == 1
    err = capsys.readouterr().err
    assert err.startswith("python -m tools export: table elsewhere: ")
    assert "ResourceNotFoundException" in err


def test_a_person_with_a_profile_needs_no_variables(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "credentials").write_text("[shows]\naws_access_key_id = any\naws_secret_access_key = any\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "shows")
    assert main(["export", "--activity", "42", "--table", table], {}) == 0
    assert len(told(capsys.readouterr().out)) == 5
    for profile, problem in (("others", "others"), ("", "boto3 finds no AWS credentials")):
        monkeypatch.setenv("AWS_PROFILE", profile) if profile else monkeypatch.delenv("AWS_PROFILE")
        assert main(["export", "--activity", "42", "--table", table], {}) == 1
        err = capsys.readouterr().err
        assert err.startswith(f"python -m tools export: table {table}: ")
        assert problem in err
        assert err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_told(table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for output in (tmp_path / "missing" / "room.jsonl", tmp_path):
        assert main(["export", "--activity", "42", "--table", table, "--output", str(output)], {}) == 1
        assert capsys.readouterr().err.startswith(f"python -m tools export: --output {output}: ")


def test_a_table_and_an_emulator_are_not_both_meant(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", "--activity", "42", "--table", "t", "--url", "http://127.0.0.1:8000"], {})
    assert ended.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_all_that_is_stored_of_a_user_comes_out_over_all_rooms(
    table: str, moto_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--user", "alice", "--table", table, "--region", REGION], {}) == 0
    out, err = capsys.readouterr()
    lines = told(out)
    assert {(line["activityId"], line["what"], line["seq"]) for line in lines} == {
        (42, "join", 1),
        (42, "chat", 2),
        (42, "chat", 3),
    }
    assert {line.get("text") for line in lines} == {None, "=1+1", "psst"}
    assert err == ""
    assert main(["export", "--user", "carol", "--table", table, "--region", REGION], {}) == 0
    assert capsys.readouterr() == ("", "nothing is kept of user carol\n")


def test_either_a_room_or_a_user_is_exported(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, problem in (
        ([], "are required: --activity or --user"),
        (["--user", "a", "--activity", "42"], "not allowed with argument"),
        (["--user", "a", "--format", "csv"], "--format: it is for a room"),
        (["--user", "a", "--private"], "--private: it is for a room"),
        (["--user", " a"], "--user must"),
    ):
        assert problem in said(capsys, partial(main, ["export", *arguments], {}), arguments)
