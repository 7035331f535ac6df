import json
from typing import Any

import pytest

from local.archive_address import ArchiveAddress
from local.aws.asgi import Message

ADDRESS = ArchiveAddress(table="rooms", endpoint="http://127.0.0.1:5", region="us-east-1")


async def ask(method: str = "GET", **headers: str) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1:8000", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    await ADDRESS({"type": "http", "method": method, "path": "/_local/archive", "headers": raw}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_whoever_sits_here_is_told_where_the_table_is() -> None:
    told = {"table": "rooms", "endpoint": "http://127.0.0.1:5", "region": "us-east-1"}
    assert await ask() == (200, told)
    assert await ask(host="localhost") == (200, told)


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://127.0.0.1:8000"}, {"sec_fetch_site": "none"}, {"host": "rooms.example"}],
    ids=["page", "browser", "tunnel"],
)
async def test_nobody_else_is_told(headers: dict[str, str]) -> None:
    status, answer = await ask(**headers)
    assert (status, answer["error"]) == (403, "not_allowed")


async def test_it_is_asked_for_with_get() -> None:
    assert (await ask("POST"))[0] == 405
