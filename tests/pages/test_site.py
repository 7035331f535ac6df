"""What is deployed is what the emulator serves, apart from a hash."""

from pathlib import Path

import httpx
import pytest

from local.pages import Pages
from pages import site


def tree(root: Path) -> Path:
    for name, content in {
        "client/live.js": "live",
        "client/live.d.ts": "types",
        "client/examples/sample.js": "a sample",
        "pages/site.py": "no file of the site",
        "pages/room/index.html": '<script src="/assets/pages/room/room.js"></script><link href="/assets/pages/a.css">',
        "pages/room/room.js": "room",
        "pages/room/deep/below.js": "below",
        "pages/shared/heart.svg": "<svg/>",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


async def test_a_bucket_gets_what_the_emulator_serves_and_html_differs_in_the_hash_alone() -> None:
    folder = f"assets/{site.version()}/"
    transport = httpx.ASGITransport(app=Pages())
    async with httpx.AsyncClient(transport=transport, base_url="http://room") as client:
        everything = {one.key: one for one in site.stored()}
        assert {"index.html", f"{folder}client/live.js"} <= everything.keys()
        for key, one in everything.items():
            address = "/" if key == "index.html" else "/" + key.replace(folder, "assets/")
            answer = await client.get(address)
            assert answer.status_code == 200, key
            assert answer.headers["content-type"] == one.content_type, key
            assert answer.content == one.body.replace(folder.encode(), b"assets/"), key


def test_html_names_the_assets_that_come_before_it(tmp_path: Path) -> None:
    everything = list(site.stored(tree(tmp_path)))
    folder = f"assets/{site.version(tmp_path)}/"

    assert [one.key for one in everything] == [
        f"{folder}client/live.js",
        f"{folder}pages/room/deep/below.js",
        f"{folder}pages/room/room.js",
        f"{folder}pages/shared/heart.svg",
        "index.html",
    ]
    assert everything[-1].body.decode() == (
        f'<script src="/{folder}pages/room/room.js"></script><link href="/{folder}pages/a.css">'
    )


def test_assets_are_kept_for_ever_and_html_is_asked_for_each_time(tmp_path: Path) -> None:
    for one in site.stored(tree(tmp_path)):
        is_html = one.content_type == site.HTML
        assert one.cache_control == ("no-cache" if is_html else "public, max-age=31536000, immutable"), one.key


@pytest.mark.parametrize("change", ["content", "name", "new"])
def test_whatever_changes_in_the_assets_changes_their_addresses(tmp_path: Path, change: str) -> None:
    before = site.version(tree(tmp_path))
    room = tmp_path / "pages/room/room.js"
    if change == "content":
        room.write_text("moor")
    elif change == "name":
        room.rename(room.with_name("other.js"))
    else:
        (tmp_path / "pages/new.css").write_text("")

    assert site.version(tmp_path) != before


def test_what_is_no_asset_changes_no_address(tmp_path: Path) -> None:
    before = site.version(tree(tmp_path))
    (tmp_path / "pages/room/index.html").write_text("other")
    (tmp_path / "pages/notes.txt").write_text("")

    assert site.version(tmp_path) == before


def test_scripts_and_styles_name_no_address_below_assets() -> None:
    """They would miss the hash. They name each other by relative paths."""
    wrong = [
        address
        for address, file in site.assets().items()
        if file.suffix in (".js", ".css") and "/assets/" in file.read_text()
    ]
    assert wrong == []
