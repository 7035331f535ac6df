"""An HTTP API as a console asks it, with a test's hands on the answers."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Page, Request, Route

JsonObject = dict[str, Any]
# What a call answers: a status and a body; a function of the request that gives these; None: there is no connection.
Answer = tuple[int, Any] | Callable[[Request], tuple[int, Any]] | None

CALLER: JsonObject = {
    "mode": "open",
    "userId": "platform",
    "name": "platform",
    "platform": True,
    "rooms": None,
    "caps": ["admin", "chat", "like", "moderate", "publish"],
    "exp": None,
}
SETTINGS = {"slowModeSeconds": 0, "frozen": False}
REPORT: JsonObject = {
    "activityId": 42,
    "from": 1_700_000_000_000,
    "to": 1_700_000_600_000,
    "peakOnline": 3,
    "averageOnline": 1.5,
    "viewers": 3,
    "joins": 3,
    "leaves": 1,
    "chats": 5,
    "chatters": 2,
    "likes": 9,
    "watchSeconds": 600.0,
    "watchSecondsPerViewer": 200.0,
    "minutes": [],
    "longest": [],
    "mostActive": [],
    "estimated": [],
}


class FakeApi:
    """Answers by method and path; what a test does not set is as in a quiet room 42. `asked`: the calls."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answers: dict[str, Answer] = {
            "GET /api/caller": (200, CALLER),
            "GET /api/activities/42": (200, {"activityId": 42, "settings": SETTINGS}),
            "GET /api/activities/42/users": (200, {"users": [], "onlineNumber": 0, "cursor": None}),
            "GET /api/activities/42/sanctions": (200, {"sanctions": [], "cursor": None}),
            "GET /api/activities/42/audit": (200, {"acts": [], "before": None}),
            "GET /api/activities/42/properties": (200, {}),
            "GET /api/activities/42/messages": (200, {"messages": [], "before": None}),
            "GET /api/activities/42/report": (200, REPORT),
            "GET /api/activities/42/watch-time": (200, {"users": [], "totalSeconds": 0}),
            "GET /api/activities": (200, {"activities": [], "cursor": None}),
            "GET /api/bans": (200, {"bans": [], "cursor": None}),
            "GET /api/words": (200, {"mask": [], "reject": []}),
        }

    async def install(self, page: Page) -> None:
        await page.route("**/api/**", self._answer)

    async def _answer(self, route: Route) -> None:
        request = route.request
        self.asked.append(request)
        answer = self.answers.get(f"{request.method} {urlsplit(request.url).path}", (204, None))
        if answer is None:
            await route.abort()
            return
        status, body = answer(request) if callable(answer) else answer
        text = "" if status == 204 else body if isinstance(body, str) else json.dumps(body)
        await route.fulfill(status=status, content_type="application/json", body=text)

    def sent(self, method: str, end: str) -> list[Request]:
        """The calls with this method whose path ends so."""
        return [one for one in self.asked if one.method == method and urlsplit(one.url).path.endswith(end)]
