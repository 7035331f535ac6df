"""Viewers who talk, like and say that they are there, and do so again until they are heard."""

import asyncio
import itertools
from collections.abc import Sequence
from uuid import uuid4

from tests.story.viewer import REPLY, Object, Viewer

Said = dict[int, tuple[str, str]]
"""The `id` and the text of each accepted chat, by its seq."""


async def insist(viewer: Viewer, kind: int, **fields: object) -> Object:
    """Send a frame under one `id` until it is accepted, as a client does; the reply."""
    client_id = uuid4().hex
    for sent in itertools.count(1):
        await viewer.send({"messageType": kind, "id": client_id, **fields})
        await viewer.until(lambda sent=sent: len(viewer.all_of(REPLY, id=client_id)) >= sent)  # type: ignore[misc]
        reply = viewer.all_of(REPLY, id=client_id)[-1]
        if reply["ok"]:
            return reply
        assert reply["error"] == "unavailable", reply
    raise AssertionError


async def talk(viewers: Sequence[Viewer], count: int) -> Said:
    """Each says so much, all at once, and now and then likes, and tells that it is there; what was accepted."""
    said: Said = {}

    async def talk_alone(viewer: Viewer) -> None:
        for number in range(count):
            text = f"{viewer.name}: {uuid4()}"
            reply = await insist(viewer, 4, message=text)
            said[reply["seq"]] = (reply["id"], text)
            if number % 3 == 0:
                await insist(viewer, 6, count=2)
                await insist(viewer, 7)

    await asyncio.gather(*(talk_alone(viewer) for viewer in viewers))
    assert len(said) == count * len(viewers), "two chats have one seq"
    return said
