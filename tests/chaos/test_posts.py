"""Which POSTs get into trouble, and what becomes of them."""

import asyncio

import pytest

from local.aws.asgi import Message, Receive, Scope, Send, respond
from tests.chaos import posts
from tests.chaos.posts import TroubledPosts

PATHS = [f"/websocket/@connections/{number}" for number in range(200)]


class Api:
    """A connections API that notes what arrives."""

    def __init__(self) -> None:
        self.arrived: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.arrived.append(scope["path"])
        await respond(send, 200, [])


async def ask(api: TroubledPosts, path: str, method: str = "POST") -> int:
    """The status of the answer."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await api({"type": "http", "method": method, "path": path}, receive, send)
    return statuses[0]


async def test_a_share_of_the_connections_is_throttled_for_a_while() -> None:
    api = Api()
    troubled = TroubledPosts(api)
    with troubled.trouble("throttled", salt=1):
        answers = {path: await ask(troubled, path) for path in PATHS}
        assert answers == {path: await ask(troubled, path) for path in PATHS}, "another share the second time"
        assert {await ask(troubled, path, "DELETE") for path in PATHS} == {200}
    refused = {path for path, status in answers.items() if status == 429}
    assert 0.1 < len(refused) / len(PATHS) < 0.5
    assert api.arrived[: len(PATHS) - len(refused)] == [path for path in PATHS if path not in refused]
    assert {await ask(troubled, path) for path in PATHS} == {200}


async def test_a_late_answer_is_to_a_post_that_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    troubled = TroubledPosts(api)
    monkeypatch.setattr(posts, "LATE_SECONDS", 600)
    with troubled.trouble("late", salt=1):
        asked = [asyncio.create_task(ask(troubled, path)) for path in PATHS]
        while sum(task.done() for task in asked) + 1 < len(PATHS) and len(api.arrived) < len(PATHS):
            await asyncio.sleep(0)
        _, late = await asyncio.wait(asked, timeout=0.1)
    assert len(api.arrived) == len(PATHS)
    assert 0.1 < len(late) / len(PATHS) < 0.5
    for task in late:
        task.cancel()
