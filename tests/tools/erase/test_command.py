import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from functions.adapters.dynamodb.eraser import Eraser
from functions.adapters.dynamodb.table import Table
from functions.adapters.dynamodb.user_items import UserItems
from tests.functions.tables import REGION, api
from tests.tools.answering import answering
from tests.tools.export.test_command import ROOM, TIME, filled
from tests.tools.wrong_arguments import said
from tools.__main__ import main
from tools.erase import command
from tools.erase.command import by_api, erase, in_table
from tools.failure import Failure

SETTLED_MS = 75_000


def answers(*given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    plain = {"complete": False, "retryAfter": 0, "removed": {}, "nameless": {}}
    return iter([plain | one for one in given])


async def test_steps_are_taken_until_it_is_complete_and_waited_for_as_they_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waited: list[float] = []
    coming = answers(
        {"removed": {"chat": 1200}, "lifted": {"mutes": 1}},
        {"removed": {"chat": 3}, "nameless": {"sanction": 1}, "retryAfter": 75},
        {"complete": True, "nameless": {"sums": 2}},
    )

    async def step() -> dict[str, Any]:
        return next(coming)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    done = await erase(step, sleep=sleep)
    assert waited == [75]
    assert {name: dict(counts) for name, counts in done.counts.items()} == {
        "removed": {"chat": 1203},
        "nameless": {"sanction": 1, "sums": 2},
        "lifted": {"mutes": 1},
    }
    assert capsys.readouterr().err == (
        "so far removed 1,203 chat; nameless 1 sanction; lifted 1 mutes; waiting 75 s for what is under way\n"
    )


async def test_a_deployed_tables_user_is_erased_with_what_a_step_has_time_for(moto_url: str) -> None:
    name, now = await filled(moto_url, ROOM), [TIME + 1000]

    async def sleep(seconds: float) -> None:
        now[0] += int(seconds * 1000)

    async with api(moto_url) as dynamodb:
        eraser = Eraser(dynamodb, name, settled_ms=SETTLED_MS, log_hours=24, clock=lambda: now[0])
        done = await erase(in_table(eraser, "bob"), sleep=sleep)
        assert dict(done.counts["removed"]) == {"chat": 2}
        users = UserItems(Table(dynamodb, name))
        assert (await users.page("bob")).items == {}
        left = await users.page("alice")
        # What said that a chat of bob's was to her leads nowhere, and expires with the rest.
        assert len(left.items.keys() - left.targets.keys()) == 2


def test_the_command_tells_what_was_done_and_what_goes_by_itself(
    moto_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": moto_url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }.items():
        monkeypatch.setenv(variable, value)
    # Nothing is under way in this table.
    monkeypatch.setattr(command, "settled_ms", lambda _: -1)
    name = asyncio.run(filled(moto_url, ROOM))
    assert main(["erase", "--user", "bob", "--table", name, "--region", REGION], {}) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "bob is erased: removed 2 chat"
    assert "saveLiveMessageTopic, until 20" in out
    assert "liveMessageTopic, until nobody knows when" in out
    assert "mutes and bans in force, which only the HTTP API lifts" in out
    assert err == ""


async def test_by_the_api_the_user_is_named_in_the_query_and_the_answer_is_taken() -> None:
    complete = {"complete": True, "retryAfter": 0, "removed": {"chat": 1}, "nameless": {}, "lifted": {}, "expiring": []}

    async def token(order: dict[str, Any]) -> str:
        assert (order["activityId"], order["caps"]) == (None, ["admin"])
        return "the-token"

    with answering("DELETE", 200, complete) as (url, seen):
        assert await by_api("坏/人?&", f"{url}/api", token)() == complete
    assert seen == [("/api/users/records?userId=%E5%9D%8F%2F%E4%BA%BA%3F%26", "Bearer the-token")]


async def test_what_the_api_refuses_is_told() -> None:
    async def token(order: dict[str, Any]) -> None:
        return None

    refusal = {"error": "not_allowed", "message": "the token is no platform's"}
    with (
        answering("DELETE", 403, refusal) as (url, _),
        pytest.raises(Failure, match="answers 403: the token is no platform's"),
    ):
        await by_api("alice", url, token)()


def test_wrong_arguments_end_with_2_and_name_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, problem in (
        ([], "--user"),
        (["--user", ""], "--user must"),
        (["--user", "a", "--table", "t", "--api", "http://127.0.0.1:1/api"], "not allowed with argument"),
        (["--user", "a", "--api", "ftp://x"], "--api"),
        (
            ["--user", "a", "--api", "https://rooms.example/api"],
            "--api: https://rooms.example/api is not on this machine",
        ),
        (["--user", "a", "--table", "t", "--save-retention-hours", "0"], "--save-retention-hours"),
        (["--user", "a", "--secret", "s", "--open"], "not allowed with argument"),
    ):
        assert problem in said(capsys, partial(main, ["erase", *arguments], {}), arguments)


def test_where_nobody_answers_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--user", "a", "--api", "http://127.0.0.1:9/api"], {}) == 1
    assert "start it with `make dev`" in capsys.readouterr().err
