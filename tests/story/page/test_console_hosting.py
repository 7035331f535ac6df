"""A platform's console against the whole emulator in token mode: notices, properties, words, the report, rooms."""

import csv
import io
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.story.page.console import act, console, let_go, live, open_tab, outcome, row
from tests.story.rooms import Rooms

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.emulator(auth_mode="token")]

ROOM = random.randrange(1, 2**52)
NOTICE, PROPERTIES = 10, 14


@dataclass
class Scene:
    """A platform's console."""

    page: Page
    rooms: Rooms


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(browser: Browser, rooms: Rooms) -> AsyncIterator[Scene]:
    token = await rooms.token(None, "shop", name="Shop", caps=["chat", "like", "moderate", "publish", "admin"])
    async with console(browser, rooms.address, f"?room={ROOM}#token={token}") as page:
        # The archive has it by the time that the report is asked for.
        talker = await rooms.enter_by_token(ROOM, "talker")
        await talker.say("=1+1, a formula")
        await talker.like(7)
        yield Scene(await live(page), rooms)


async def test_a_product_is_previewed_sent_pinned_and_taken_away_again(scene: Scene) -> None:
    bob = await scene.rooms.enter_by_token(ROOM, "bob")
    panel = await open_tab(scene.page, "Publish")
    for label, value in (("Title", "Blue mug"), ("Price", "9.5"), ("Currency (EUR)", "eur")):
        await panel.get_by_label(label, exact=True).fill(value)
    await expect(panel.locator(".preview")).to_contain_text("€9.50")
    await panel.get_by_role("button", name="Send as a notice").click()
    mug = {"title": "Blue mug", "price": 9.5, "currency": "EUR"}
    await bob.told_of(NOTICE, name="product", data=mug)
    await panel.get_by_role("button", name="Pin in the room").click()
    await bob.told_of(PROPERTIES, properties={"pinned": mug})
    pinned = panel.locator(".rows .entry-row", has_text="Blue mug")
    await expect(pinned).to_have_count(1)
    await panel.get_by_label("Title", exact=True).fill("Red mug")
    await panel.get_by_label("Price", exact=True).fill("")
    await panel.get_by_role("button", name="Pin in the room").click()
    await bob.told_of(PROPERTIES, properties={"pinned": {"title": "Red mug", "currency": "EUR"}})
    await let_go(scene.page)
    await scene.page.keyboard.press("u")
    await expect(pinned).to_contain_text("€9.50")
    await pinned.get_by_role("button", name="Take away").click()
    await bob.told_of(PROPERTIES, properties={"pinned": None})
    await expect(panel.get_by_text("Nothing is pinned.")).to_be_visible()
    await expect(act(scene.page, "Shop sent the notice product")).to_be_visible()


async def test_a_notice_to_some_and_data_that_is_no_json(scene: Scene) -> None:
    bob = await scene.rooms.enter_by_token(ROOM, "bob")
    panel = await open_tab(scene.page, "Publish")
    await panel.get_by_label("What").select_option("free")
    await panel.get_by_label("Name", exact=True).fill("quiz")
    await panel.get_by_label("Data, as JSON").fill('{"question": ')
    await panel.get_by_label("Only to these userIds").fill("bob\nnobody\n")
    await panel.get_by_role("button", name="Send as a notice").click()
    await expect(panel.get_by_role("alert")).to_contain_text("The data is no JSON")
    await panel.get_by_label("Data, as JSON").fill('{"question": "Which mug?"}')
    await panel.get_by_role("button", name="Send as a notice").click()
    shown = await bob.told_of(NOTICE, name="quiz")
    assert (shown["data"], shown["to"]) == ({"question": "Which mug?"}, "bob")


async def test_a_text_is_tried_against_words_before_and_after_they_are_saved(scene: Scene) -> None:
    panel = await open_tab(scene.page, "Words")
    await panel.get_by_label("Masked").fill("darn\n")
    await panel.get_by_label("Rejected").fill("worse")
    await panel.get_by_label("Try a text").fill("oh d.a.r.n")
    await panel.get_by_role("button", name="Try", exact=True).click()
    await expect(panel.locator(".verdict")).to_contain_text("Viewers see: oh *******")
    await expect(panel.locator(".verdict")).to_contain_text("not saved")
    await panel.get_by_role("button", name="Save the words").click()
    await expect(outcome(scene.page, "changed the words")).to_be_visible()
    await panel.get_by_label("Try a text").fill("worse")
    await panel.get_by_role("button", name="Try", exact=True).click()
    await expect(panel.locator(".verdict")).to_have_text("Nobody sees it: it is rejected.")


async def test_words_that_somebody_else_has_changed_are_not_overwritten_unasked(scene: Scene) -> None:
    panel = await open_tab(scene.page, "Words")
    await expect(panel.get_by_label("Rejected")).to_have_value("worse")
    token = await scene.rooms.token(None, "other", caps=["admin"])
    theirs = {"mask": ["theirs"], "reject": []}
    headers = {"Authorization": f"Bearer {token}"}
    assert (await scene.rooms.http.put("/api/words", json=theirs, headers=headers)).status_code == 200
    await panel.get_by_label("Rejected").fill("mine")
    await panel.get_by_role("button", name="Save the words").click()
    await expect(panel.get_by_role("alert")).to_contain_text("changed by somebody else")
    assert (await scene.rooms.http.get("/api/words", headers=headers)).json() == theirs
    await expect(panel.get_by_label("Rejected")).to_have_value("mine")


async def test_the_report_has_figures_and_charts_and_all_can_be_saved(scene: Scene, tmp_path: Path) -> None:
    panel = await open_tab(scene.page, "Report")
    await expect(panel.locator("#report-likes")).to_have_text("7")
    await expect(panel.locator("#report-chats")).to_have_text("1")
    for name in ("Online: at most", "Chats a minute: at most 1", "Likes a minute: at most 7"):
        await expect(panel.get_by_role("img", name=name)).to_be_visible()

    async def saved(file: str) -> str:
        async with scene.page.expect_download() as download:
            await panel.locator(f'[data-file="{file}"]').click()
        await (await download.value).save_as(tmp_path / file)
        return (tmp_path / file).read_text()

    [chat] = [one for one in json.loads(await saved("messages.json")) if one["messageType"] == 4]
    assert chat["textMessage"] == "=1+1, a formula"
    texts = [one["textMessage"] for one in csv.DictReader(io.StringIO(await saved("messages.csv")))]
    assert "'=1+1, a formula" in texts
    assert json.loads(await saved("report.json"))["likes"] == 7
    assert json.loads(await saved("audit.json"))[0]["byName"] == "Shop"


async def test_live_rooms_are_listed_and_lead_to_their_consoles(browser: Browser, scene: Scene) -> None:
    token = await scene.rooms.token(None, "boss", name="Boss", caps=["admin"])
    async with console(browser, scene.rooms.address, f"#token={token}") as page:
        link = page.get_by_role("link", name=f"Open room {ROOM}")
        await expect(link).to_be_visible()
        await link.click()
        await live(page)
        names = await page.get_by_role("tab").all_inner_texts()
        # Boss may administer, and neither moderate nor publish.
        assert [name for name in names if name] == ["People", "Report", "Words", "Rooms"]
        await expect(page.get_by_label("Slow mode")).to_be_hidden()


async def test_a_moderators_platform_token_that_makes_no_tokens_reads_what_is_stored(
    browser: Browser, scene: Scene
) -> None:
    token = await scene.rooms.token(None, "night", name="Night", caps=["moderate"])
    async with console(browser, scene.rooms.address, f"?room={ROOM}#token={token}") as page:
        await expect(page.locator("#state")).to_contain_text("This token opens no connection")
        bob = await scene.rooms.enter_by_token(ROOM, "bob")
        await bob.say("is anybody there?")
        await expect(row(page, "is anybody there?")).to_be_visible()


async def test_who_has_no_token_or_one_without_capabilities_is_asked_for_one(browser: Browser, scene: Scene) -> None:
    async with console(browser, scene.rooms.address, f"?room={ROOM}") as page:
        await expect(page.locator("#entry-why")).to_contain_text("asks for a token")
        await page.get_by_label("Token").fill("a b")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("alert")).to_have_text("That cannot be a token.")
        await page.get_by_label("Token").fill(await scene.rooms.token(ROOM, "eve"))
        await page.get_by_role("button", name="Open").click()
        await expect(page.locator("#entry-why")).to_contain_text("neither moderate, publish nor administer")
        await page.get_by_label("Token").fill(await scene.rooms.token(ROOM, "maud", name="Maud", caps=["moderate"]))
        await page.get_by_role("button", name="Open").click()
        await live(page)
