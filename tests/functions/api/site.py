"""The API as tests serve it."""

from dataclasses import dataclass
from typing import Any

from functions.api.app import app
from functions.api.parts import ApiParts
from functions.parts import MessageParts


@dataclass(frozen=True, kw_only=True)
class Platform(ApiParts):
    """The API's parts, in a room where the other functions run too."""

    room: MessageParts


class Site:
    """An ASGI application: the API, handed parts that a test may exchange between requests."""

    def __init__(self, parts: ApiParts) -> None:
        self.parts = parts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"parts": self.parts}}, receive, send)
