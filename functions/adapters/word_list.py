"""The sensitive words: kept in Redis, compiled in each process, looked at anew every few seconds."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis_client import StateUnavailable, reaching_redis
from functions.rooms.identity import Malformed
from functions.rooms.words import MASK, Lists, Reading, Verdict, Word, cover

log = logging.getLogger(__name__)

# A hash: `version`, which is small and asked for often, and `lists`, JSON. It alone has no time to live, so that it is
# never evicted: a room without its list of words would let through what it must not.
WORDS = "words"

WORDS_SECONDS = 2
# A list that nobody has confirmed for so long (the process slept) is not used without asking.
STALE_SECONDS = 10
# Nor does a message wait longer than this for the answer.
PATIENCE_SECONDS = 1.0
# Masking a word brings together what stands around it, which may be a word again. Who nests deeper is masked whole.
PASSES = 8


@dataclass(frozen=True, slots=True)
class _Entry:
    word: Word
    reject: bool


class WordList:
    """Words that are looked for all at once, by Aho-Corasick; takes the automata of letters and of literal words."""

    def __init__(self, plain: Any, literal: Any) -> None:
        self._plain = plain
        self._literal = literal

    def check(self, text: str) -> Verdict:
        """Mask every listed word, `*` for each of its characters and what stands between them.

        The verdict's text is as long as the given one, and holds no listed word any more.
        """
        rejected = False
        masked = text
        for _ in range(PASSES):
            spans, found = self._find(masked)
            rejected = rejected or found
            before, masked = masked, cover(masked, spans)
            if masked == before:
                return Verdict(masked, rejected)
        return Verdict(MASK * len(text), rejected)

    def _find(self, text: str) -> tuple[list[tuple[int, int]], bool]:
        """Where in the text words are, overlapping ones too, and whether one of them is to be rejected."""
        spans: list[tuple[int, int]] = []
        rejected = False
        for automaton, read in ((self._plain, Reading.of), (self._literal, Reading.literal)):
            if automaton is None:
                continue
            reading = read(text)
            flat = _flat(reading.letters)
            for index, entries in automaton.iter(flat):
                last = _unflat_length(flat[: index + 1]) - 1
                for entry in entries:
                    first = last + 1 - len(entry.word.letters)
                    if entry.word.fits(reading, first):
                        spans.append((reading.starts[first], reading.ends[last]))
                        rejected = rejected or entry.reject
        return spans, rejected


def compile_words(mask: Sequence[str], reject: Sequence[str]) -> WordList:
    """Make a list of these words. One that is none, since other rules were in force when it was listed, is left out."""
    entries = [*_entries(mask, reject=False), *_entries(reject, reject=True)]
    return WordList(
        _automaton([entry for entry in entries if not entry.word.literal]),
        _automaton([entry for entry in entries if entry.word.literal]),
    )


def _entries(words: Sequence[str], *, reject: bool) -> Iterator[_Entry]:
    for text in words:
        try:
            yield _Entry(Word.parse(text), reject)
        except Malformed as malformed:
            log.warning("%r is not looked for: %s", text, malformed)


def _automaton(entries: Sequence[_Entry]) -> Any:
    """Finds the letters of words; each match's value is the entries with these letters. None without words."""
    if not entries:
        return None
    import ahocorasick  # here, since most functions never look for words

    automaton = ahocorasick.Automaton()
    for entry in dict.fromkeys(entries):
        key = _flat(entry.word.letters)
        automaton.add_word(key, (*automaton.get(key, ()), entry))
    automaton.make_automaton()
    return automaton


def _flat(letters: str) -> str:
    """UTF-8 with a character for each byte: the automaton tries a node's children one after another, and ten thousand
    Chinese words would begin with thousands of them."""
    return letters.encode("utf-8", "surrogatepass").decode("latin-1")


def _unflat_length(flat: str) -> int:
    """How many letters these were."""
    return len(flat.encode("latin-1").decode("utf-8", "surrogatepass"))


class Words:
    """The list in Redis. `clock` tells seconds since the epoch: others stand still while a Lambda function sleeps."""

    def __init__(self, redis: RedisCluster, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock
        self._words: WordList | None = None
        self._version: str | None = None
        self._confirmed_at = 0.0
        self._refresh: asyncio.Task[None] | None = None

    async def current(self) -> WordList:
        """The list as it was at most a few seconds ago, or as it was last known when Redis does not answer.

        Redis is asked every 2 s at most, in the background. Awaited are the first list, without which this raises
        StateUnavailable, and for a moment the refresh of one that is older than 10 s.
        """
        age = self._clock() - self._confirmed_at
        if self._words is not None and 0 <= age < WORDS_SECONDS:
            return self._words
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._load() if self._words is None else self._reload())
        if self._words is None:
            await asyncio.shield(self._refresh)
        elif not 0 <= age < STALE_SECONDS:
            await asyncio.wait({self._refresh}, timeout=PATIENCE_SECONDS)
        assert self._words is not None
        return self._words

    async def read(self) -> Lists:
        """The words in force; none if none were ever written. Raises StateUnavailable."""
        with reaching_redis():
            stored: str | None = await self._redis.hget(WORDS, "lists")  # type: ignore[assignment]
        return Lists() if stored is None else _parse(stored)

    async def write(self, lists: Lists) -> None:
        """Put these words into force, in every process within seconds. Raises StateUnavailable."""
        stored = json.dumps({"mask": lists.mask, "reject": lists.reject}, ensure_ascii=False)
        version = hashlib.sha256(stored.encode()).hexdigest()[:16]
        with reaching_redis():
            await self._redis.hset(WORDS, mapping={"version": version, "lists": stored})

    async def _reload(self) -> None:
        try:
            await self._load()
        except StateUnavailable as error:
            log.warning("the words are not looked at anew, the old ones stay in force: %s", error)

    async def _load(self) -> None:
        asked_at = self._clock()
        with reaching_redis():
            version: str | None = await self._redis.hget(WORDS, "version")  # type: ignore[assignment]
        # No version at all is a Redis that lost its data: the words known here stay in force.
        if version is not None and version != self._version:
            await self._fetch()
        if self._words is None:
            self._words = compile_words((), ())
        self._confirmed_at = asked_at

    async def _fetch(self) -> None:
        with reaching_redis():
            found: list[Any] = await self._redis.hmget(WORDS, ["version", "lists"])
        version, stored = found
        if stored is None:
            return
        # 10,000 words take long enough to hold up everything else.
        self._words = await asyncio.to_thread(_compile, stored)
        self._version = version


def _compile(stored: str) -> WordList:
    lists = _parse(stored)
    return compile_words(lists.mask, lists.reject)


def _parse(stored: str) -> Lists:
    lists = json.loads(stored)
    return Lists(tuple(lists["mask"]), tuple(lists["reject"]))
