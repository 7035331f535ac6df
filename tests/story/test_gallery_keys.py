"""Addresses of slots that are guessed, stale or another room's, and how long the cache keeps a wrong answer."""

import asyncio
import json
from typing import Any

import boto3
import httpx
import pytest
import pytest_asyncio

from functions.rooms.addresses import ticks_path
from functions.rooms.places import ADDRESS_MS
from local.deployment import GALLERY_SECRET
from local.servers.moto import REGION
from tests.story.rooms import GENEROUS, Rooms
from tests.story.test_gallery import Reader, figures
from tests.story.viewer import CHAT, PATIENCE

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.emulator(environment={**GENEROUS, "GALLERY_FROM": "1"}),
]

BRIEF = "public, max-age=1"


@pytest_asyncio.fixture(loop_scope="module")
async def bob(rooms: Rooms, activity: int) -> Reader:
    """A reader, in a room in which alice has the seat."""
    await rooms.enter(activity, "alice")
    bob = Reader(rooms, activity, "bob")
    await bob.come()
    return bob


def gallery_secret(moto_url: str) -> str:
    """What the stage signs addresses with."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": REGION}
    client = boto3.client("secretsmanager", endpoint_url=moto_url, **keys)
    told = json.loads(client.get_secret_value(SecretId=GALLERY_SECRET)["SecretString"])
    return str(told[told["current"]])


async def test_only_an_address_that_was_told_in_these_or_the_last_ten_minutes_can_be_read(
    rooms: Rooms, activity: int, another_activity: int, bob: Reader, moto_url: str
) -> None:
    secret, now = await asyncio.to_thread(gallery_secret, moto_url), bob.told["now"]
    # The tests may run over the end of ten minutes: then the one was told in the last ones.
    told = ticks_path(activity, secret, now)
    assert told == bob.told["ticks"]
    _, _, _, key, _ = told.split("/")
    made_in, _, code = key.partition(".")
    others = ticks_path(another_activity, secret, now).split("/")[3]
    for path, status in (
        (told, 200),
        (ticks_path(activity, secret, now - ADDRESS_MS), 200),
        (ticks_path(activity, secret, now - 2 * ADDRESS_MS - 60_000), 403),
        (ticks_path(activity, "guessed" * 6, now), 403),
        (f"/gallery/{activity}/{made_in}.{code[:-1]}{'A' if code[-1] != 'A' else 'B'}/", 403),
        (f"/gallery/{activity}/{int(made_in) + 1}.{code}/", 403),
        (f"/gallery/{activity}/{others}/", 403),
        (f"/gallery/{another_activity}/{key}/", 403),
        (f"/gallery/0{activity}/{key}/", 400),
    ):
        answer = await rooms.http.get(f"{path}{bob.next}")
        assert answer.status_code == status, path
        if status != 200:
            assert answer.headers["cache-control"] == BRIEF
            assert "objects" not in answer.text


async def test_a_refusal_is_told_to_all_who_ask_at_once_and_is_gone_within_a_second(rooms: Rooms, bob: Reader) -> None:
    wrong = f"{bob.told['ticks'][:-4]}AAA/{bob.next}"
    asked = (await figures(rooms)).get("OriginRequests", 0)
    for answer in await asyncio.gather(*(rooms.http.get(wrong) for _ in range(50))):
        assert (answer.status_code, answer.headers["x-cache"]) == (403, "Error from cloudfront")
    assert (await figures(rooms))["OriginRequests"] == asked + 1
    ages: set[str] = set()
    async with asyncio.timeout(PATIENCE):
        while (await figures(rooms))["OriginRequests"] == asked + 1:
            answer = await rooms.http.get(wrong)
            assert answer.status_code == 403
            ages.add(answer.headers.get("age", "0"))
    # In whole seconds: none was a second old.
    assert ages == {"0"}


async def until_it_is_read(rooms: Rooms, path: str, before: set[tuple[int, Any]]) -> httpx.Response:
    """Ask again and again, until there are slots; until then only what is in `before` is told."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await rooms.http.get(path)
            if answer.status_code == 200 and "objects" in answer.json():
                return answer
            assert (answer.status_code, answer.json().get("error")) in before
            assert (answer.headers["cache-control"], answer.headers.get("age", "0")) == (BRIEF, "0")


async def test_what_was_asked_for_too_early_is_there_when_it_is_over(rooms: Rooms, activity: int, bob: Reader) -> None:
    carol = await rooms.enter(activity, "carol")
    slot = (await rooms.http.get(f"{bob.told['ticks']}{bob.next}")).json()["next"] + 4
    assert (await rooms.http.get(f"{bob.told['ticks']}{slot}")).json()["error"] == "too_early"
    talking = asyncio.create_task(_talk(carol))
    try:
        answer = await until_it_is_read(rooms, f"{bob.told['ticks']}{slot}", {(404, "too_early")})
    finally:
        talking.cancel()
    assert answer.json()["next"] > slot
    assert any(said["messageType"] == CHAT for said in answer.json()["objects"])


async def _talk(viewer: Any) -> None:
    """Say something, again and again: one chat at least is in each second."""
    number = 0
    while True:
        number += 1
        assert (await viewer.say(str(number)))["ok"]
        await viewer.hears(str(number))
