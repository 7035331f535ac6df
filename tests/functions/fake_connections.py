"""Connections without a network."""

import json
from collections import defaultdict
from typing import Any

from functions.adapters.aws.connections import Connections, Outcome
from functions.rooms.payload import Payload


class FakeConnections(Connections):
    """Connections that answer as told, and remember what was done to them."""

    def __init__(self) -> None:
        self.shown: dict[str, list[Any]] = defaultdict(list)
        self.closed: list[str] = []
        self.post_outcomes: list[Outcome] = []
        self.delete_outcome = Outcome.DELIVERED

    async def prepare(self) -> None:
        pass

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        outcome = self.post_outcomes.pop(0) if self.post_outcomes else Outcome.DELIVERED
        if outcome is Outcome.DELIVERED:
            self.shown[connection_id].append(json.loads(payload.data))
        return outcome

    async def delete(self, connection_id: str) -> Outcome:
        self.closed.append(connection_id)
        return self.delete_outcome
