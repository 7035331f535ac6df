"""Two moderators at their consoles, and viewers, in one room of the whole emulator in token mode."""

import itertools
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.story.page.console import act, choose, console, in_menu, let_go, live, open_tab, outcome, row, told
from tests.story.rooms import Rooms
from tests.story.viewer import Viewer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.emulator(auth_mode="token")]

ROOM = random.randrange(1, 2**52)
REMOVED, SANCTION, SETTINGS = 9, 11, 12
NUMBERS = itertools.count(1)


@dataclass
class Scene:
    """Maud and Max moderate the room."""

    maud: Page
    max: Page
    rooms: Rooms

    async def viewer(self, user: str = "") -> Viewer:
        """A viewer whose userId and name are the same; a new one unless one is named. No console holds its chat."""
        for page in (self.maud, self.max):
            await let_go(page)
        user = user or f"bob{next(NUMBERS)}"
        return await self.rooms.enter_by_token(ROOM, user, attributes={"role": "fan"})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(browser: Browser, rooms: Rooms) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        pages = []
        for user in ("Maud", "Max"):
            token = await rooms.token(ROOM, user.lower(), name=user, caps=["chat", "moderate"])
            page = await stack.enter_async_context(console(browser, rooms.address, f"?room={ROOM}#token={token}"))
            pages.append(await live(page))
        maud, max_ = pages
        yield Scene(maud, max_, rooms)


async def test_a_message_is_removed_by_a_key_and_the_other_moderator_sees_by_whom(scene: Scene) -> None:
    bob = await scene.viewer()
    seq = (await bob.say("buy now"))["seq"]
    await choose(scene.maud, "buy now")
    await scene.maud.keyboard.press("r")
    await bob.told_of(REMOVED, seq=seq)
    await expect(outcome(scene.maud, f"You: removed {bob.name}: buy now")).to_be_visible()
    for page in (scene.maud, scene.max):
        await expect(row(page, "buy now")).to_contain_text("removed")
    await expect(act(scene.max, f"Maud removed {bob.name}: buy now")).to_be_visible()


async def test_a_mute_by_key_is_undone_by_key(scene: Scene) -> None:
    bob = await scene.viewer()
    await bob.say("LOUD")
    await choose(scene.maud, "LOUD")
    await scene.maud.keyboard.press("m")
    await bob.told_of(SANCTION, action="muted", seconds=600)
    await expect(outcome(scene.maud, f"You: muted {bob.name} for 10 min")).to_be_visible()
    await scene.maud.keyboard.press("u")
    await bob.told_of(SANCTION, action="unmuted")
    await expect(outcome(scene.maud, f"Undone: muted {bob.name} for 10 min")).to_be_visible()
    await scene.maud.keyboard.press("u")
    await expect(outcome(scene.maud, "There is nothing to undo.")).to_be_visible()
    await expect(act(scene.max, f"Maud unmuted {bob.name}")).to_be_visible()


async def test_a_ban_by_key_is_listed_and_undone_by_its_button(scene: Scene) -> None:
    bob = await scene.viewer()
    await bob.say("hello")
    await choose(scene.max, "hello")
    await scene.max.keyboard.press("b")
    await bob.told_of(SANCTION, action="banned")
    panel = await open_tab(scene.maud, "Sanctions")
    banned = panel.locator(".sanction", has_text=bob.name)
    await expect(banned).to_contain_text(told("by Max"))
    await outcome(scene.max, f"You: banned {bob.name}").get_by_role("button", name="Undo").click()
    await expect(banned).to_have_count(0)
    await scene.viewer(bob.name)


async def test_the_menu_takes_a_reason_and_keeps_it_when_a_call_fails(scene: Scene) -> None:
    bob = await scene.viewer()
    await bob.say("a link")
    await scene.maud.context.route("**/mutes", lambda route: route.abort())
    await in_menu(scene.maud, "a link", "Mute 1 min", reason="no links, please")
    menu = scene.maud.locator("#menu")
    await expect(menu.get_by_role("alert")).to_contain_text("No connection to the server")
    await scene.maud.context.unroute("**/mutes")
    await expect(menu.get_by_label("Reason")).to_have_value("no links, please")
    await menu.get_by_role("button", name="Mute 1 min").click()
    await bob.told_of(SANCTION, action="muted", seconds=60, reason="no links, please")
    await expect(menu).to_be_hidden()
    await expect(act(scene.max, f"Maud muted {bob.name} for 60 s: no links, please")).to_be_visible()


async def test_a_sanction_is_lifted_from_the_list_and_that_is_undone(scene: Scene) -> None:
    bob = await scene.viewer()
    await bob.say("hi there")
    await in_menu(scene.maud, "hi there", "Mute 1 h", reason="loud")
    await bob.told_of(SANCTION, action="muted")
    panel = await open_tab(scene.maud, "Sanctions")
    await panel.locator(".sanction", has_text=bob.name).get_by_role("button", name="Lift").click()
    await bob.told_of(SANCTION, action="unmuted")
    seen = len(bob.all_of(SANCTION))
    await outcome(scene.maud, f"unmuted {bob.name}").get_by_role("button", name="Undo").click()
    await bob.until(lambda: len(bob.all_of(SANCTION)) > seen)
    again = bob.all_of(SANCTION)[-1]
    assert (again["action"], again["reason"]) == ("muted", "loud")
    assert 3000 < again["seconds"] <= 3600


async def test_what_cannot_be_undone_is_pressed_twice(scene: Scene) -> None:
    bob = await scene.viewer()
    for text in ("one of mine", "another of mine"):
        await bob.say(text)
    await in_menu(scene.maud, "one of mine", "Remove all they said")
    menu = scene.maud.locator("#menu")
    await expect(menu).to_contain_text("Press again: this cannot be undone")
    await expect(row(scene.max, "one of mine")).not_to_contain_text("removed")
    await menu.get_by_role("button", name="Remove all they said").click()
    await bob.told_of(REMOVED, userId=bob.name)
    for text in ("one of mine", "another of mine"):
        await expect(row(scene.max, text)).to_contain_text("removed")
    await bob.say("and now?")
    await expect(row(scene.max, "and now?")).not_to_contain_text("removed")


async def test_a_kick_and_a_ban_with_removal(scene: Scene) -> None:
    bob = await scene.viewer()
    await bob.say("once")
    await in_menu(scene.maud, "once", "Kick", "Kick", reason="calm down")
    await bob.told_of(SANCTION, action="kicked", reason="calm down")
    bob = await scene.viewer(bob.name)
    await bob.say("again")
    await in_menu(scene.maud, "again", "Ban, and remove all", "Ban, and remove all")
    await bob.told_of(SANCTION, action="banned")
    await expect(row(scene.max, "again")).to_contain_text("removed")
    await expect(act(scene.max, f"Maud banned {bob.name}")).to_be_visible()


async def test_slow_mode_and_freezing_are_set_and_undone_and_the_other_console_follows(scene: Scene) -> None:
    bob = await scene.viewer()
    await scene.maud.get_by_label("Slow mode").select_option("10")
    await bob.told_of(SETTINGS, settings={"slowModeSeconds": 10, "frozen": False})
    await expect(scene.max.get_by_label("Slow mode")).to_have_value("10")
    await scene.max.get_by_role("button", name="Freeze").click()
    await bob.told_of(SETTINGS, settings={"slowModeSeconds": 10, "frozen": True})
    await expect(scene.maud.get_by_role("button", name="Unfreeze")).to_be_visible()
    await let_go(scene.max)
    await scene.max.keyboard.press("u")
    await expect(scene.maud.get_by_role("button", name="Freeze", exact=True)).to_be_visible()
    await let_go(scene.maud)
    await scene.maud.keyboard.press("u")
    await bob.told_of(SETTINGS, settings={"slowModeSeconds": 0, "frozen": False})


async def test_people_are_listed_with_attributes_and_what_holds_against_them(scene: Scene) -> None:
    bob = await scene.viewer()
    panel = await open_tab(scene.max, "People")
    listed = panel.locator(".entry-row", has_text=bob.name)
    await expect(listed).to_contain_text("fan")
    await listed.get_by_role("button").click()
    await scene.max.locator("#menu").get_by_role("button", name="Mute 10 min").click()
    await expect(listed).to_contain_text("muted until")


async def test_the_audit_is_there_for_a_moderator_who_comes_later(browser: Browser, scene: Scene) -> None:
    bob = await scene.viewer()
    seq = (await bob.say("farewell"))["seq"]
    await choose(scene.maud, "farewell")
    await scene.maud.keyboard.press("r")
    await expect(act(scene.max, f"Maud removed {bob.name}: farewell")).to_be_visible()
    token = await scene.rooms.token(ROOM, "ann", name="Ann", caps=["moderate"])
    async with console(browser, scene.rooms.address, f"#token={token}") as page:
        await live(page)
        panel = await open_tab(page, "Audit")
        await expect(panel.locator(".act").first).to_contain_text(told(f"Maud removed message {seq}"))
        assert "token" not in page.url
