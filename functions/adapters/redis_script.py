"""Lua scripts: each change of a room's state is one of them, and one round trip."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoScriptError

_FOLDER = Path(__file__).parent / "scripts"

Argument = str | int | float


class Script:
    """A script of the `scripts` folder, sent by its digest, and in full to a server that does not know it."""

    def __init__(self, name: str) -> None:
        self._text = (_FOLDER / "seats.lua").read_text() + (_FOLDER / f"{name}.lua").read_text()
        self._digest = hashlib.sha1(self._text.encode()).hexdigest()

    async def run(self, redis: RedisCluster, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it once; raises redis' errors."""
        try:
            return await redis.evalsha(self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await redis.eval(self._text, len(keys), *keys, *arguments)

    async def run_all(
        self, redis: RedisCluster, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Any]:
        """Run it for each (keys, arguments) in one round trip; results in the order of the calls."""
        if not calls:
            return []
        results = await self._pipelined(redis, self._digest, calls)
        if any(isinstance(result, NoScriptError) for result in results):
            # It can be known to some nodes of a cluster and not to others.
            again = [index for index, result in enumerate(results) if isinstance(result, NoScriptError)]
            retried = await self._pipelined(redis, None, [calls[index] for index in again])
            for index, result in zip(again, retried, strict=True):
                results[index] = result
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results

    async def _pipelined(
        self,
        redis: RedisCluster,
        digest: str | None,
        calls: Sequence[tuple[Sequence[str], Sequence[Argument]]],
    ) -> list[Any]:
        # The pipeline's own `eval` and `evalsha` are blocked, since a script's keys may be anywhere in general; here
        # they have one hash tag.
        pipeline = redis.pipeline()
        for keys, arguments in calls:
            command = ("EVAL", self._text) if digest is None else ("EVALSHA", digest)
            pipeline.execute_command(*command, len(keys), *keys, *arguments)
        return await pipeline.execute(raise_on_error=False)
