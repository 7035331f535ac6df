"""Lua scripts. Each change of a room's state is one of them, and one round trip.

The header of a script is its signature. These of its lines are read; what stands in parentheses is a remark:

    -- USES seats                    libraries that are put before the script
    -- CONST KEPT RECENT             numbers of the modules in script_numbers.py
    -- KEYS figures seats...         keys of Redis
    -- ARGV seat now:number gone...  the other arguments

Each name becomes a local variable of the script. Those of KEYS and ARGV are the keywords of a call. `name...` is a
list, `name:number` a number, every other argument a text. None is passed as an empty text, which as a number is nil.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from redis import exceptions
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import AskError, NoScriptError, RedisError, TryAgainError

from functions.adapters.redis import keys
from functions.adapters.redis.client import StateUnavailable, reaching_redis
from functions.adapters.redis.script_numbers import NUMBERS

# Each waits with a connection of its own while its slot moves.
ROOMS_AT_ONCE = 16

_FOLDER = Path(__file__).parent / "lua"
_LINE = re.compile(r"^-- (USES|CONST|KEYS|ARGV) (.+)$", re.MULTILINE)
_REMARK = re.compile(r"\([^)]*\)")
_NAME = re.compile(r"[a-z_]+")
_ROOM_KEYS = vars(keys.RoomKeys(0)).keys()

Argument = str | int | float
# Takes a room and the keywords of a call, returns its keys and arguments. Raises TypeError for other keywords.
Packer = Callable[..., tuple[list[str], list[Argument]]]


class Header:
    """What a script or a library declares. Raises ValueError for what cannot be declared."""

    def __init__(self, text: str) -> None:
        words: dict[str, list[str]] = {"USES": [], "CONST": [], "KEYS": [], "ARGV": []}
        for tag, line in _LINE.findall(text):
            words[tag] += _REMARK.sub("", line).split()
        self.uses, self._constants = words["USES"], words["CONST"]
        self._keys, self._key_lists = _split(words["KEYS"])
        typed, self._lists = _split(words["ARGV"])
        self._arguments = [word.removesuffix(":number") for word in typed]
        self._numbers = {word.removesuffix(":number") for word in typed if word.endswith(":number")}
        self._names = [*self._keys, *self._key_lists, *self._arguments, *self._lists]
        wrong = [name for name in self._names if not _NAME.fullmatch(name) or self._names.count(name) > 1]
        if wrong := wrong + [name for name in self._constants if not isinstance(NUMBERS.get(name), int)]:
            raise ValueError(f"its header cannot have {', '.join(wrong)}")

    def locals(self) -> Iterator[str]:
        """Lines of Lua that make a local variable of each name."""
        yield from (f"local {name} = {NUMBERS[name]}\n" for name in self._constants)
        yield from (f"local {name} = KEYS[{at}]\n" for at, name in enumerate(self._keys, 1))
        for at, name in enumerate(self._arguments, 1):
            yield f"local {name} = {f'tonumber(ARGV[{at}])' if name in self._numbers else f'ARGV[{at}]'}\n"
        # Behind the single arguments come the lengths of all lists, and behind these the lists of arguments.
        length_at = len(self._arguments)
        lists_at = length_at + len(self._key_lists) + len(self._lists)
        for table, at, names in (("KEYS", len(self._keys), self._key_lists), ("ARGV", lists_at, self._lists)):
            end = str(at)
            for name in names:
                length_at += 1
                start, end = end, f"{end} + ARGV[{length_at}]"
                yield f"local {name} = {{unpack({table}, {start} + 1, {end})}}\n"

    def packer(self, script: str) -> Packer:
        """A function that packs a call of `script`; like an __init__ of dataclasses it is written here and compiled."""
        keywords = [name for name in self._names if name not in _ROOM_KEYS]
        packed = [f"room.{name}" if name in _ROOM_KEYS else name for name in self._keys]
        packed += [f"*{name}" for name in self._key_lists]
        arguments = [f"'' if {name} is None else {name}" for name in self._arguments]
        arguments += [f"len({name})" for name in (*self._key_lists, *self._lists)]
        arguments += [f"*{name}" for name in self._lists]
        source = f"def {script}(room, *, {', '.join(keywords)}): return [{', '.join(packed)}], [{', '.join(arguments)}]"
        namespace: dict[str, Packer] = {}
        exec(source, namespace)
        return namespace[script]


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words for single values, and the names of lists."""
    lists = [word.removesuffix("...") for word in words if word.endswith("...")]
    return [word for word in words if not word.endswith("...")], lists


@dataclass(slots=True)
class Call:
    """A call of a script, whose keys have one hash tag."""

    script: "Script"
    keys: list[str]
    arguments: list[Argument]

    @property
    def tag(self) -> str:
        """What the keys begin with, up to the end of the tag."""
        return self.keys[0].partition("}")[0]


class Script:
    """A script of the `lua` folder. It is sent by its digest, and in full to a server that does not know it.

    A call whose answer was lost is made again, by redis-py or here: it must change nothing that the first did not.
    """

    def __init__(self, name: str) -> None:
        header, script = _load(name)
        self._pack = header.packer(name)
        self.text = "".join(_load(library)[1] for library in header.uses) + self._body(script)
        self.digest = hashlib.sha1(self.text.encode()).hexdigest()

    def __call__(self, room: keys.RoomKeys | None = None, /, **values: Any) -> Call:
        """A call with a value for each name of the header that is not a key of `room`. Raises TypeError."""
        names, arguments = self._pack(room, **values)
        return Call(self, self._keys(names), arguments)

    def _body(self, script: str) -> str:
        return script

    def _keys(self, names: list[str]) -> list[str]:
        return names


class CallOnce(Script):
    """A script whose calls each have a key of their own, under which the answer is kept for as long as one may be made
    again: it changes everything once, however often its answer is lost."""

    def _body(self, script: str) -> str:
        return f"local function script(KEYS)\n{script}end\n{_load('call')[1]}"

    def _keys(self, names: list[str]) -> list[str]:
        return [*names, keys.call_key(names[0])]


async def run(redis: RedisCluster, call: Call) -> Any:
    """Make a call; returns its answer. Raises StateUnavailable."""
    with reaching_redis():
        try:
            return await redis.evalsha(call.script.digest, len(call.keys), *call.keys, *call.arguments)
        except NoScriptError:
            return await redis.eval(call.script.text, len(call.keys), *call.keys, *call.arguments)


async def run_all(redis: RedisCluster, calls: Sequence[Call]) -> list[Any]:
    """Make calls in one round trip, those of a room in their order; returns the answers in the order of the calls, and
    a StateUnavailable for each call that could not be made.

    A call may depend on those of its room before it. So if one call of a room fails, all calls of that room are made
    again. There are two reasons to try again. The second attempt is for a script that only some nodes of the cluster
    know, and for a connection that died while the function was frozen. The third is for a slot that has moved, or moves
    now, to another node: the calls of a room are made one after another, since only a single command is redirected.
    """
    with reaching_redis():
        results = await _pipelined(redis, calls, in_full=False)
        again = _failed(calls, results, Exception)
        retried = await _pipelined(redis, [calls[index] for index in again], in_full=True)
        for index, result in zip(again, retried, strict=True):
            results[index] = result
        rooms: dict[str, list[int]] = {}
        for index in _failed(calls, results, AskError, TryAgainError):  # MovedError is an AskError
            rooms.setdefault(calls[index].tag, []).append(index)
        turns = asyncio.Semaphore(ROOMS_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            made = [
                group.create_task(_in_turn(redis, [calls[index] for index in room], turns)) for room in rooms.values()
            ]
        for index, result in zip(chain(*rooms.values()), chain(*(task.result() for task in made)), strict=True):
            results[index] = result
    return [StateUnavailable(str(result)) if isinstance(result, Exception) else result for result in results]


def _failed(calls: Sequence[Call], results: Sequence[Any], *errors: type[Exception]) -> list[int]:
    """Where the calls of those rooms stand of which a call failed with one of these errors."""
    failed = {call.tag for call, result in zip(calls, results, strict=True) if isinstance(result, errors)}
    return [index for index, call in enumerate(calls) if call.tag in failed]


async def _in_turn(redis: RedisCluster, calls: Sequence[Call], turns: asyncio.Semaphore) -> list[Any]:
    """Make a room's calls one after another; behind one that fails none is made."""
    answers: list[Any] = []
    async with turns:
        for call in calls:
            try:
                answers.append(await run(redis, call))
            except StateUnavailable as error:
                return answers + [error] * (len(calls) - len(answers))
    return answers


async def _pipelined(redis: RedisCluster, calls: Sequence[Call], *, in_full: bool) -> list[Any]:
    if not calls:
        return []
    # The pipeline's own `eval` and `evalsha` are blocked, since a script's keys may be anywhere in general.
    pipeline = redis.pipeline()
    for call in calls:
        command = ("EVAL", call.script.text) if in_full else ("EVALSHA", call.script.digest)
        pipeline.execute_command(*command, len(call.keys), *call.keys, *call.arguments)
    try:
        # redis-py would make each redirected call again by itself, behind those of its room that came through.
        return _trusted(await pipeline.execute(raise_on_error=False, allow_redirections=False))
    except (RedisError, OSError) as error:
        return [error] * len(calls)


def _trusted(results: list[Any]) -> list[Any]:
    """The answers up to one that did not come in time. Behind it redis-py may take an answer for the next call's, as
    after a freeze."""
    for index, result in enumerate(results):
        if isinstance(result, (exceptions.ConnectionError, exceptions.TimeoutError)):
            return results[:index] + [result] * (len(results) - index)
    return results


def succeeded(results: Sequence[Any]) -> Sequence[Any]:
    """The answers of `run_all`; raises the first StateUnavailable among them."""
    for result in results:
        if isinstance(result, StateUnavailable):
            raise result
    return results


@cache
def _load(name: str) -> tuple[Header, str]:
    """A file's header, and its text behind the local variables that the header declares."""
    text = (_FOLDER / f"{name}.lua").read_text()
    try:
        header = Header(text)
    except ValueError as error:
        raise ValueError(f"{name}.lua: {error}") from error
    return header, "".join(header.locals()) + text
