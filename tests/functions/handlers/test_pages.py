"""The bucket of the pages, as CloudFormation asks for it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from functions.adapters.aws.bucket import Bucket
from functions.handlers import pages
from functions.handlers.pages import handler, main
from pages import site
from tests.functions.memory_bucket import MemoryBucket

ADDRESSES = {"websocket": "wss://rooms.example/websocket", "api": "https://rooms.example"}


def event(kind: str, **more: object) -> dict[str, Any]:
    properties = {"Bucket": "pages", "Addresses": ADDRESSES, "Files": "0a1b"}
    return {"RequestType": kind, "ResourceProperties": properties, **more}


def tree(root: Path, script: str) -> Path:
    folder = root / "pages/room"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text('<script src="/assets/pages/room/room.js"></script>')
    (folder / "room.js").write_text(script)
    return root


async def test_a_deployment_puts_the_files_and_the_addresses_into_the_bucket() -> None:
    s3 = MemoryBucket()
    await main(event("Create"), Bucket("pages", lambda: s3))

    content, kind, kept = s3.files.pop("stage.json")
    assert (json.loads(content), kind, kept) == (ADDRESSES, "application/json", "no-cache")
    assert s3.files == {one.key: (one.body, one.content_type, one.cache_control) for one in site.stored()}


async def test_html_comes_after_all_that_it_names(tmp_path: Path) -> None:
    s3 = MemoryBucket()
    await main(event("Create"), Bucket("pages", lambda: s3), root=tree(tmp_path, "one"))

    assert list(s3.files) == ["stage.json", f"assets/{site.version(tmp_path)}/pages/room/room.js", "index.html"]


async def test_an_update_leaves_the_assets_that_an_open_page_may_still_ask_for(tmp_path: Path) -> None:
    s3 = MemoryBucket()
    bucket = Bucket("pages", lambda: s3)
    await main(event("Create"), bucket, root=tree(tmp_path, "one"))
    before = site.version(tmp_path)
    await main(event("Update"), bucket, root=tree(tmp_path, "two"))
    after = site.version(tmp_path)

    scripts = [s3.files[f"assets/{version}/pages/room/room.js"][0] for version in (before, after)]
    assert scripts == [b"one", b"two"]
    assert after.encode() in s3.files["index.html"][0]


async def test_without_pages_nothing_is_left_that_would_keep_the_bucket() -> None:
    s3 = MemoryBucket()
    bucket = Bucket("pages", lambda: s3)
    await main(event("Create"), bucket)
    await main(event("Delete"), bucket)

    assert s3.files == {}


class Context:
    """Lambda's context of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        return 180_000


@pytest.fixture
def answers() -> Iterator[tuple[str, list[Any]]]:
    """An address that takes answers, and what it has taken: the content type and the body of each."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.headers["content-type"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/", taken
        server.shutdown()
        serving.join()


def test_cloudformation_is_told_what_went_well_and_what_did_not(
    answers: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, taken = answers
    s3 = MemoryBucket()
    monkeypatch.setattr(pages, "s3_client", lambda region: s3)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    named = {"ResponseURL": url, "StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}
    handler(event("Create", **named), Context())
    s3.put_object = _refuse  # type: ignore[method-assign]
    handler(event("Update", **named), Context())

    assert [kind for kind, _ in taken] == ["", ""]  # the signature of the address is of none
    assert [one["Status"] for _, one in taken] == ["SUCCESS", "FAILED"]
    assert taken[1][1]["Reason"] == "RuntimeError: no room"
    assert {one["PhysicalResourceId"] for _, one in taken} == {"pages in pages"}


def _refuse(**_: object) -> Any:
    raise RuntimeError("no room")
