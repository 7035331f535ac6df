"""The samples of client/examples against the whole emulator, each in what it is made for."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.client.judges import ROOT, module
from tests.client.test_package import STRICT, run
from tests.node import node
from tests.story.rooms import Rooms
from tests.story.viewer import CHAT, PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES, HERE = ROOT / "client" / "examples", Path(__file__).parent / "samples"


@asynccontextmanager
async def running(*command: str | Path) -> AsyncIterator[Process]:
    """A program under Node.js."""
    program, environment = node()
    process = await asyncio.create_subprocess_exec(program, *command, stdin=PIPE, stdout=PIPE, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def told(process: Process, **fields: object) -> dict[str, Any]:
    """The next line of a program's output that holds `fields`."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := await process.stdout.readline():
            value: dict[str, Any] = json.loads(line)
            if fields.items() <= value.items():
                return value
    raise AssertionError(f"the program ended without {fields}")


@asynccontextmanager
async def opened(browser: Browser, rooms: Rooms, activity: int, name: str) -> AsyncIterator[Page]:
    """The plain page, served beside the rooms."""
    # A page that Playwright serves itself has no address, so the browser would ask whether it may call this machine.
    context = await browser.new_context(viewport={"width": 390, "height": 844}, permissions=["local-network-access"])
    wrong: list[str] = []

    async def serve(route: Route) -> None:
        path = route.request.url.partition("/sample/")[2].partition("?")[0]
        await route.fulfill(path=ROOT / "client" / path)

    await context.route("**/sample/**", serve)
    page = await context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.goto(f"http://{rooms.address}/sample/examples/html/index.html?room={activity}&name={name}")
    try:
        yield page
    finally:
        await context.close()
    assert wrong == []


async def test_the_plain_page_chats_likes_counts_and_says_why_somebody_is_not_let_in(
    browser: Browser, rooms: Rooms, activity: int
) -> None:
    async with opened(browser, rooms, activity, "alice") as alice, opened(browser, rooms, activity, "bob") as bob:
        await expect(bob.locator("#state")).to_have_text("Connected")
        await expect(alice.locator("#online")).to_have_text("2")
        await alice.get_by_label("Message").fill("<b>hello</b>")
        await alice.get_by_role("button", name="Send").click()
        await expect(bob.get_by_role("listitem")).to_have_text("alice: <b>hello</b>")
        await expect(alice.get_by_label("Message")).to_have_value("")
        await bob.get_by_role("button", name="Like").click()
        await expect(alice.locator("#likes")).to_have_text("1")
        assert await alice.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert (await rooms.http.put(f"/api/activities/{activity}/bans", json={"userId": "bob"})).is_success
        await expect(bob.locator("#state")).to_have_text("You are banned from this room.")
    async with opened(browser, rooms, activity, "bob") as bob:
        await expect(bob.locator("#state")).to_have_text("You are banned from this room.")


async def test_the_bot_tells_the_time_to_whoever_asks(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    async with running(EXAMPLES / "node" / "bot.mjs", f"ws://{rooms.address}/websocket", str(activity)) as bot:
        await rooms.figures_become(activity, onlineNumber=2)
        await alice.say("!time")
        answer = await alice.told_of(CHAT, userId="clock-bot")
        assert (answer["to"], answer["textMessage"].startswith("It is ")) == ("alice", True)
        bot.terminate()
        async with asyncio.timeout(PATIENCE):
            assert await bot.wait() == 0


async def test_the_mini_program_chats_likes_counts_and_says_why_somebody_is_not_let_in(
    rooms: Rooms, activity: int
) -> None:
    module("@babel/standalone")
    bob = await rooms.enter(activity, "bob")
    async with running(HERE / "weapp.mjs", rooms.address, str(activity), "alice") as page:

        def call(method: str, *given: object) -> None:
            assert page.stdin is not None
            page.stdin.write(json.dumps([method, *given]).encode() + b"\n")

        await told(page, status="已连接", online=2)
        call("write", {"detail": {"value": "你好"}})
        call("send")
        await bob.hears("你好")
        shown = await told(page, text="")
        while not shown["chats"]:
            shown = await told(page)
        assert [(one["name"], one["text"]) for one in shown["chats"]] == [("alice", "你好")]
        seq = shown["chats"][0]["seq"]
        call("like")
        await told(page, likes=1)
        assert (await rooms.http.delete(f"/api/activities/{activity}/messages/{seq}")).is_success
        await told(page, chats=[])
        assert (await rooms.http.put(f"/api/activities/{activity}/bans", json={"userId": "alice"})).is_success
        await told(page, status="你已被禁止进入该直播间")


async def test_the_react_sample_is_typed_strictly_and_runs(rooms: Rooms, activity: int, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    for name in ("react", "react-test-renderer", "@types"):
        (modules / name).symlink_to(module(name))
    (modules / "live-rooms").symlink_to(ROOT / "client")
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    for source in (*(EXAMPLES / "react").glob("*.ts*"), HERE / "react.mjs"):
        shutil.copy(source, tmp_path)
    options = [option for option in STRICT if option != "--noEmit"]
    await asyncio.to_thread(run, module("typescript/bin/tsc"), *options, "--jsx", "react-jsx", "Chat.tsx", cwd=tmp_path)
    async with running(tmp_path / "react.mjs", rooms.address, str(activity), "alice") as program:
        shown = await told(program)
        assert shown == {"status": "open · 1 watching", "chats": ["alice: from React"], "like": "♥ 1"}
