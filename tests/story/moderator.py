"""A moderator of one room, who works through the HTTP API."""

from typing import Any
from urllib.parse import quote

import httpx

from tests.story.rooms import Rooms


class Moderator:
    """Methods fail unless the API answers as it does when all is well. `token` "": in open mode nobody needs one."""

    def __init__(self, rooms: Rooms, activity: int, token: str = "") -> None:
        self._http = rooms.http
        self._activity = activity
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str = "", body: object = None) -> httpx.Response:
        """Whatever the API answers about the room."""
        content = {} if body is None else {"json": body}
        address = f"/api/activities/{self._activity}{path}"
        return await self._http.request(method, address, headers=self._headers, **content)  # type: ignore[arg-type]

    async def mute(self, user: str, seconds: int, **more: object) -> None:
        await self._done("PUT", "/mutes", {"userId": user, "seconds": seconds, **more})

    async def unmute(self, user: str) -> None:
        await self._done("DELETE", f"/mutes?userId={quote(user)}")

    async def sanctions(self) -> list[dict[str, Any]]:
        """Those that hold, the first page."""
        response = await self.ask("GET", "/sanctions")
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["sanctions"]
        return found

    async def ban(self, user: str, seconds: int | None = None, **more: object) -> None:
        await self._done("PUT", "/bans", {"userId": user, **more} | ({"seconds": seconds} if seconds else {}))

    async def unban(self, user: str) -> None:
        await self._done("DELETE", f"/bans?userId={quote(user)}")

    async def kick(self, user: str, reason: str = "") -> None:
        why = f"&reason={quote(reason)}" if reason else ""
        await self._done("DELETE", f"/users?userId={quote(user)}{why}")

    async def remove(self, seq: int) -> None:
        await self._done("DELETE", f"/messages/{seq}")

    async def change(self, **settings: object) -> dict[str, Any]:
        """The room's settings after the change."""
        response = await self.ask("PATCH", body=settings)
        assert response.status_code == 200, response.text
        changed: dict[str, Any] = response.json()["settings"]
        return changed

    async def notice(self, name: str, data: object) -> int:
        """The notice's seq."""
        response = await self.ask("POST", "/notices", {"name": name, "data": data})
        assert response.status_code == 201, response.text
        return int(response.json()["seq"])

    async def _done(self, method: str, path: str, body: object = None) -> None:
        response = await self.ask(method, path, body)
        assert (response.status_code, response.content) == (204, b""), response.text
