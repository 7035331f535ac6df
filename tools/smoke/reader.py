"""A viewer who reads in the gallery: takes a place, reads slots, and gives the place up."""

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

from tools import json_http
from tools.objects import Object
from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.platform import ANSWER_SECONDS, Platform, unreachable

NEXT = "next"
# Of an answer that says that the slot is not there yet, or that the server is away for now.
PASSING = {404, 429, 502, 503, 504}
PAUSE_SECONDS = 1.0


class Reader:
    """`api` ends in /api. Slots are read at its host, with no token. Methods raise Failed."""

    def __init__(self, api: str, token: str | None, activity_id: int, name: str, *, patience: float) -> None:
        self.name = name
        self._api = Platform(api, token)
        self._path = f"/activities/{activity_id}/place"
        self._person = {} if token else {"username": name}
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(api))
        self._patience = patience
        self._told: Object = {}

    async def take(self) -> bool:
        """Whether there is a gallery, which a place was then taken in."""
        told = await self._api.call("POST", self._path, {**self._person, "lane": "gallery"})
        if told.get("lane") == "seat":
            return False
        if told.get("lane") != "gallery" or not {"place", "ticks", NEXT} <= told.keys():
            raise Failed(f"who asks for a place is told {str(told)[:300]}", cause.ROOMS)
        self._told = told
        return True

    async def read_until(self, what: str, **fields: object) -> str:
        """Read slot after slot until one has an object with these fields; who answered that, in words."""
        wanted, last = fields.items(), "nothing was read"
        slot = int(self._told[NEXT])
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    status, headers, body = await self._slot(slot)
                    told = json_http.read_object(body)
                    if status != 200 or told.get("gap"):
                        last = self._why_not(status, told, slot)
                        await asyncio.sleep(PAUSE_SECONDS)
                        continue
                    if any(wanted <= said.items() for said in told["objects"]):
                        return headers.get("x-cache") or "not through a cache"
                    slot, last = int(told[NEXT]), f"the slots up to {told[NEXT]} lack it"
        except TimeoutError:
            raise Failed(f"{self.name} waited {self._patience:g} s in vain for {what}: {last}", cause.GALLERY) from None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Failed(f"the slot {slot} has no objects: {body[:200]!r}", cause.GALLERY) from None

    async def leave(self) -> None:
        if self._told:
            place, user = quote(str(self._told["place"])), quote(str(self._told["userId"]))
            self._told = {}
            await self._api.call("POST", f"{self._path}/leave?place={place}&userId={user}")

    async def _slot(self, slot: int) -> tuple[int, Any, bytes]:
        url = f"{self._origin}{self._told['ticks']}{slot}"
        try:
            return await asyncio.to_thread(json_http.get, url, seconds=ANSWER_SECONDS)
        except OSError as error:
            raise unreachable(url, error) from error

    def _why_not(self, status: int, told: Object, slot: int) -> str:
        """Why a slot was not read. Raises Failed unless another request may help."""
        said = told.get("message") or ("slots are missing" if told.get("gap") else "no message")
        why = f"the slot {slot} is answered with {status}: {said}"
        if status == 200 or (status in PASSING and "error" in told):
            return why
        raise Failed(why, cause.GALLERY)
