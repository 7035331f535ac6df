"""The pages' files over ASGI, without a server."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from local.aws.asgi import Message
from local.pages import Pages
from pages import site
from pages.site import ROOT


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Pages())
    async with httpx.AsyncClient(transport=transport, base_url="http://room") as client:
        yield client


async def test_the_root_is_the_index(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (ROOT / "pages/room/index.html").read_bytes()


async def test_every_file_of_the_site_is_served_with_its_type(client: httpx.AsyncClient) -> None:
    types = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".yaml": "application/yaml",
        ".webm": "video/webm",
        ".mp4": "video/mp4",
    }
    files = site.pages() | site.assets() | {"/asyncapi.yaml": ROOT / "docs/asyncapi.yaml"}
    assert {file.suffix for file in files.values()} == types.keys()
    for address, file in files.items():
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"] == types[file.suffix], address
        assert answer.headers["x-content-type-options"] == "nosniff", address
        assert answer.content == file.read_bytes(), address


async def test_the_stage_file_names_addresses_that_are_true_under_every_name_of_the_machine(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/stage.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"websocket": "/websocket", "api": "/"}


async def test_a_query_does_not_change_what_is_served(client: httpx.AsyncClient) -> None:
    assert (await client.get("/?room=42&name=alice")).content == (await client.get("/")).content


async def test_head_has_the_headers_and_no_body(client: httpx.AsyncClient) -> None:
    get, head = await client.get("/assets/pages/room/room.js"), await client.head("/assets/pages/room/room.js")

    assert head.status_code == 200
    assert head.headers == get.headers
    assert head.content == b""


async def test_nothing_but_the_page_itself_may_run(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


async def test_a_part_of_a_video_is_sent_alone(client: httpx.AsyncClient) -> None:
    address = "/assets/pages/room/sample.webm"
    whole = await client.get(address)
    size = len(whole.content)
    for asked, start, end in (("0-99", 0, 99), ("100-", 100, size - 1), ("-10", size - 10, size - 1)):
        answer = await client.get(address, headers={"range": f"bytes={asked}"})
        assert answer.status_code == 206, asked
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{size}", asked
        assert answer.content == whole.content[start : end + 1], asked
    beyond = await client.get(address, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=9-3", "bytes=0-1,4-5", "lines=0-1", "bytes=x-"])
async def test_a_range_that_says_nothing_gets_the_whole(client: httpx.AsyncClient, asked: str) -> None:
    address = "/assets/pages/shared/heart.svg"
    answer = await client.get(address, headers={"range": asked})

    assert (answer.status_code, answer.content) == (200, (ROOT / "pages/shared/heart.svg").read_bytes())


async def test_a_range_of_another_version_gets_the_whole(client: httpx.AsyncClient) -> None:
    address = "/assets/pages/shared/heart.svg"
    etag = (await client.get(address)).headers["etag"]
    for version, status in ((etag, 206), ('"another"', 200)):
        answer = await client.get(address, headers={"range": "bytes=0-9", "if-range": version})
        assert answer.status_code == status, version


async def test_an_unchanged_file_is_not_sent_again(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/assets/pages/room/room.css")).headers["etag"]
    for tag in ("{}", "W/{}", '"another", {}', "*"):
        answer = await client.get("/assets/pages/room/room.css", headers={"if-none-match": tag.format(etag)})
        assert answer.status_code == 304, tag
        assert answer.content == b"", tag
        assert answer.headers["etag"] == etag, tag


async def test_an_edited_file_is_seen_at_the_next_load(tmp_path: Path) -> None:
    (tmp_path / "pages/room").mkdir(parents=True)
    index = tmp_path / "pages/room/index.html"
    index.write_text("before")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=Pages(tmp_path)), base_url="http://room") as client:
        before = await client.get("/")
        index.write_text("after")
        after = await client.get("/", headers={"if-none-match": before.headers["etag"]})

    assert before.headers["cache-control"] == "no-cache"
    assert (after.status_code, after.text) == (200, "after")


async def test_what_is_no_file_of_the_pages_is_not_found(tmp_path: Path) -> None:
    """The path as a server hands it over, percent-decoded: a client would tidy it up."""
    for name in ("pages/room", "client/examples", "functions"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "pages/room/index.html").write_text("index")
    (tmp_path / "pages/room/room.js").write_text("room")
    (tmp_path / "pages/room/notes.txt").write_text("no type for this one")
    (tmp_path / "client/live.js").write_text("live")
    (tmp_path / "client/examples/sample.js").write_text("a sample")
    (tmp_path / "functions/secret.js").write_text("outside")
    (tmp_path / "secret.html").write_text("outside")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    for path in (
        "/missing.js",
        "/room.js",
        "/assets",
        "/assets/",
        "/assets/room.js",
        "/assets/pages/room/room.js/",
        "/assets//pages/room/room.js",
        "//assets/pages/room/room.js",
        "/.",
        "/..",
        "/../secret.html",
        "/assets/../secret.html",
        "/assets/secret.html",
        "/assets/pages/../functions/secret.js",
        "/assets/functions/secret.js",
        "/assets/client/examples/sample.js",
        "/assets/pages/room/../room/room.js",
        "/assets/pages\\room\\room.js",
        "/assets/pages/room",
        "/assets/pages/room/notes.txt",
        "/assets/pages/room/index.html",
        "/assets/pages/site.py",
        "/index.html\0",
        "/\udcff",
        "/" + "a" * 5000,
        "",
    ):
        sent.clear()
        await Pages(tmp_path)({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send)
        told = [message.get("status", message.get("body")) for message in sent]
        assert told == [404, b"Not Found\n"], repr(path)


async def test_other_methods_are_refused(client: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await client.request(method, "/")
        assert answer.status_code == 405, method
        assert answer.headers["allow"] == "GET, HEAD", method


async def receive() -> Message:
    raise AssertionError("a page has no need of the body")
