"""How the processes of a function are killed, those of the emulator in this process."""

import asyncio

import psutil

from tests.processes import runs
from tests.story.viewer import PATIENCE


def environments(function: str) -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if runs(child) and child.name() == function]


async def kill(function: str) -> None:
    """SIGKILL to all its processes, of which there is one at least; returns when they are gone."""
    async with asyncio.timeout(PATIENCE):
        while not (found := environments(function)):
            await asyncio.sleep(0)
    for process in found:
        process.kill()
    async with asyncio.timeout(PATIENCE):
        while any(map(runs, found)):
            await asyncio.sleep(0)
