"""The emulator that files of stories share. To start one and to end it takes seconds, so files that ask for equal
options run one after another; the first of them starts it, and it ends with the last."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from itertools import groupby
from typing import Any

import pytest

from tests.story.rooms import Servers, running

# What the files that share one have in common. A file that shares none has its own name, and "" if it needs none.
GROUP = pytest.StashKey[str]()


class SharedEmulator:
    """An emulator on a loop of its own, so it outlasts the loops of tests; up while the context is entered."""

    def __init__(self, servers: Servers, options: Mapping[str, Any]) -> None:
        self.servers = servers
        self._options = options
        self._address: Future[str] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="emulator", daemon=True)

    @property
    def address(self) -> str:
        """host:port"""
        return self._address.result()

    def __enter__(self) -> "SharedEmulator":
        """Returns when it is up; raises what Emulator raises."""
        self._thread.start()
        self._address.result()
        return self

    def __exit__(self, *exception: object) -> None:
        """Returns when no process of it is left."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _live(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with running(self.servers, **self._options) as rooms:
                self._address.set_result(rooms.address)
                await self._end.wait()
        except BaseException as error:
            if self._address.done():
                raise
            self._address.set_exception(error)


class SharedEmulators:
    """One at a time: a second one on the same Kafka would take partitions from the first."""

    def __init__(self, kafka: Callable[[], AbstractContextManager[str]], redis_url: str, moto_url: str) -> None:
        self._kafka = kafka
        self._redis_url = redis_url
        self._moto_url = moto_url
        self._stack = ExitStack()
        self._group = ""
        self._emulator: SharedEmulator | None = None

    def of(self, group: str, options: Mapping[str, Any]) -> SharedEmulator:
        """The group's emulator, which is started if it is not up."""
        self.end_but(group)
        if self._emulator is None:
            servers = Servers(self._redis_url, self._stack.enter_context(self._kafka()), self._moto_url)
            self._emulator = self._stack.enter_context(SharedEmulator(servers, options))
            self._group = group
        return self._emulator

    def end_but(self, group: str) -> None:
        """End the emulator, unless it is that of this group."""
        if group != self._group:
            self._emulator, self._group = None, ""
            self._stack.close()


def options_of(file: pytest.Module) -> dict[str, Any]:
    """What a file asks for with the marker `emulator`."""
    marker = file.get_closest_marker("emulator")
    options: Mapping[str, Any] = {} if marker is None else marker.kwargs
    return {name: value for name, value in options.items() if name != "alone"}


def group(items: Iterable[pytest.Item]) -> None:
    """Note the group of each file. A file whose tests start emulators of their own shares none, nor one that wants to
    be alone."""
    for file, its in groupby(items, key=file_of):
        if file is None:
            continue
        fixtures = {name for item in its for name in getattr(item, "fixturenames", ())}
        marker = file.get_closest_marker("emulator")
        if "emulator" in fixtures:
            alone = "own_servers" in fixtures or (marker is not None and marker.kwargs.get("alone"))
            file.stash[GROUP] = file.nodeid if alone else json.dumps(options_of(file), sort_keys=True)


def file_of(item: pytest.Item) -> pytest.Module | None:
    return item.getparent(pytest.Module)


def group_of(item: pytest.Item | None) -> str:
    """That of the test's file; "" after the last test."""
    file = None if item is None else file_of(item)
    return "" if file is None else file.stash.get(GROUP, "")
