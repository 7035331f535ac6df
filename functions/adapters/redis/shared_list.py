"""A list that all processes share and that rarely changes: the words, the platform's bans.

It is stored in Redis with a small `version`, which every change replaces. Each process keeps a copy. A frame must not
wait for Redis because of it, so a process asks for the version alone, in the background, at most every REFRESH_SECONDS,
and fetches the list when the version has changed.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2
# A list that was not confirmed for so long is stale: the process was frozen. A message then waits for a refresh, ...
STALE_SECONDS = 10
# ... but no longer than this.
PATIENCE_SECONDS = 1.0

A = TypeVar("A")


class SharedList(ABC, Generic[A]):
    """A process's copy. `clock` tells seconds since the epoch; a monotonic clock stands still during a freeze.

    A list that was not confirmed for `stale_seconds` is refreshed before it is used. Who waits for Redis anyway, and
    asks at the same time, may give REFRESH_SECONDS.
    """

    # What it is, for the log.
    name: ClassVar[str]

    def __init__(
        self,
        redis: RedisCluster,
        *,
        clock: Callable[[], float] = time.time,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._copy: A | None = None
        self._version: str | None = None
        self._confirmed_at = 0.0
        self._refresh: asyncio.Task[None] | None = None

    async def current(self) -> A:
        """The list as it was at most a few seconds ago. If Redis does not answer, it is the last known list.

        Only the first list and, for PATIENCE_SECONDS, the refresh of a stale list are waited for. Raises
        StateUnavailable if the first list cannot be read.
        """
        age = self._clock() - self._confirmed_at
        if self._copy is not None and 0 <= age < REFRESH_SECONDS:
            return self._copy
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._load() if self._copy is None else self._reload())
        if self._copy is None:
            await asyncio.shield(self._refresh)
        elif not 0 <= age < self._stale_seconds:
            await asyncio.wait({self._refresh}, timeout=PATIENCE_SECONDS)
        assert self._copy is not None
        return self._copy

    @abstractmethod
    async def _read_version(self) -> str | None:
        """None if there never was a list, or Redis has lost it. Raises StateUnavailable."""

    @abstractmethod
    async def _fetch(self) -> tuple[str, A] | None:
        """The version and the list, None if there is none. Raises StateUnavailable."""

    @abstractmethod
    def _empty(self) -> A:
        """The list that holds nothing."""

    async def _reload(self) -> None:
        try:
            await self._load()
        except StateUnavailable as error:
            log.warning("the %s are not refreshed, the old ones stay in force: %s", self.name, error)

    async def _load(self) -> None:
        asked_at = self._clock()
        version = await self._read_version()
        # Without any version, Redis has lost its data: the list that is known here stays in force.
        if version is not None and version != self._version and (found := await self._fetch()):
            self._version, self._copy = found
        if self._copy is None:
            self._copy = self._empty()
        self._confirmed_at = asked_at
