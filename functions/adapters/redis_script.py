"""Lua scripts: each change of a room's state is one of them, and one round trip."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoScriptError, RedisError

from functions.adapters.room_keys import call_key

_FOLDER = Path(__file__).parent / "scripts"

Argument = str | int | float
Call = tuple[Sequence[str], Sequence[Argument]]


class Script:
    """A script of the `scripts` folder, sent by its digest, and in full to a server that does not know it.

    A call whose answer was lost is made again, by redis-py or here: it must change nothing that the first did not.
    """

    def __init__(self, name: str) -> None:
        self._text = self._assembled((_FOLDER / f"{name}.lua").read_text())
        self._digest = hashlib.sha1(self._text.encode()).hexdigest()

    def _assembled(self, script: str) -> str:
        return (_FOLDER / "seats.lua").read_text() + script

    def _keys(self, keys: Sequence[str]) -> Sequence[str]:
        return keys

    async def run(self, redis: RedisCluster, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it once; raises redis' errors."""
        keys = self._keys(keys)
        try:
            return await redis.evalsha(self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await redis.eval(self._text, len(keys), *keys, *arguments)

    async def run_all(self, redis: RedisCluster, calls: Sequence[Call]) -> list[Any]:
        """Run it for each (keys, arguments) in one round trip; results in the order of the calls, an exception for one
        that could not be run."""
        calls = [(self._keys(keys), arguments) for keys, arguments in calls]
        results = await self._pipelined(redis, self._digest, calls)
        again = [index for index, result in enumerate(results) if isinstance(result, RedisError | OSError)]
        # A script can be known to some nodes of a cluster and not to others; a connection dies while the function is
        # frozen, and redis-py does not try a pipeline again.
        retried = await self._pipelined(redis, None, [calls[index] for index in again])
        for index, result in zip(again, retried, strict=True):
            results[index] = result
        return results

    async def _pipelined(self, redis: RedisCluster, digest: str | None, calls: Sequence[Call]) -> list[Any]:
        if not calls:
            return []
        # The pipeline's own `eval` and `evalsha` are blocked, since a script's keys may be anywhere in general; here
        # they have one hash tag.
        pipeline = redis.pipeline()
        for keys, arguments in calls:
            command = ("EVAL", self._text) if digest is None else ("EVALSHA", digest)
            pipeline.execute_command(*command, len(keys), *keys, *arguments)
        try:
            return await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            return [error] * len(calls)


class CallOnce(Script):
    """A script whose calls each have a key of their own, under which the answer is kept for as long as one may be made
    again: it changes everything once, however often its answer is lost."""

    def _assembled(self, script: str) -> str:
        body = f"local function script(KEYS)\n{script}\nend\n"
        return (_FOLDER / "seats.lua").read_text() + body + (_FOLDER / "call.lua").read_text()

    def _keys(self, keys: Sequence[str]) -> Sequence[str]:
        return [*keys, call_key(keys[0])]


def succeeded(results: Sequence[Any]) -> Sequence[Any]:
    """These results of `run_all`; raises the first exception among them."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results
