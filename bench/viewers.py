"""Simulated viewers: who they are, and the events that API Gateway would make of what they do."""

import json
import random
import string
from dataclasses import dataclass
from typing import Any

from functions.rooms.identity import Framing, Identity
from functions.rooms.seats import Seat

_ID_LETTERS = string.ascii_letters + string.digits + "-_"
_NAME_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Viewer:
    """One connection of one user, with ids as long as real ones."""

    connection_id: str
    identity: Identity

    @property
    def seat(self) -> Seat:
        """Its place in the room."""
        return Seat.of(self.connection_id, self.identity)

    def event(self, frame: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a route's function is given, as far as functions read it; `frame` is what the client sent."""
        context = {**self.identity.to_context(), "principalId": self.identity.user_id, "integrationLatency": "5"}
        request = {"connectionId": self.connection_id, "connectedAt": 0, "authorizer": context}
        event: dict[str, Any] = {"requestContext": request, "isBase64Encoded": False}
        return event if frame is None else event | {"body": json.dumps(frame)}


class Crowd:
    """Makes viewers of one room, the same ones for the same `seed`."""

    def __init__(self, activity_id: int, *, framing: Framing = "live.v1", seed: int = 1) -> None:
        self._activity_id = activity_id
        self._framing = framing
        self._random = random.Random(seed * 1_000_003 + activity_id)

    def come(self) -> Viewer:
        """A user who was not there before: a connection id of 16 characters, a user id of 8 to 12."""
        user_id = self._text(_NAME_LETTERS, self._random.randint(8, 12))
        identity = Identity(
            activity_id=self._activity_id, user_id=user_id, username=user_id.title(), framing=self._framing
        )
        return Viewer(self._text(_ID_LETTERS, 15) + "=", identity)

    def _text(self, letters: str, length: int) -> str:
        return "".join(self._random.choices(letters, k=length))
