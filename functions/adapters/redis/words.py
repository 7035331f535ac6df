"""The sensitive words: stored in Redis, compiled in each process, and refreshed every few seconds.

All words are found in one pass over a text, by Aho-Corasick. The automaton is a tree of all words, letter by letter.
Each node also points to where the search goes on if the next letter does not fit, so the text is never read twice. So
10,000 words take no longer than ten. The automaton works on the letters of a `Reading` (functions/rooms/reading.py) and
not on the text itself, so it also finds "b.a d". `Word.fits` then decides about each match, and the reading tells which
characters of the text to mask. Literal words, such as "a$$", need a reading with all symbols and an automaton of their
own.

The list changes rarely, and a chat must not wait for Redis: see shared_list.py.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.shared_list import STALE_SECONDS, SharedList
from functions.rooms.identity import Malformed
from functions.rooms.reading import Reading
from functions.rooms.words import MASK, Lists, Verdict, Word, cover

log = logging.getLogger(__name__)

# The key of a hash: `version` and `lists` (JSON). It is the only key without a time to live, so it is never evicted.
# Its loss would let every listed word through.
WORDS = "words"

# Masking a word joins the letters around it, which may be a word again. A text that needs more passes is masked whole.
PASSES = 8
# So many names are remembered, masked, with each list.
NAMES = 8192

# A listed word, and whether it rejects the text.
_Entry = tuple[Word, bool]


class WordList:
    """Finds all words of two lists at once: those to `mask`, and those that `reject` a text.

    An invalid word is left out, with a warning: the rules may have changed since it was listed. A list that is
    `for_names` needs no automaton, which the relay's package has no room for, and takes ten times as long.
    """

    def __init__(self, mask: Sequence[str], reject: Sequence[str], *, for_names: bool = False) -> None:
        entries = [*_entries(mask, False), *_entries(reject, True)]
        kinds = [(literal, [entry for entry in entries if entry[0].literal == literal]) for literal in (False, True)]
        compiled = _Table if for_names else _automaton
        self._automata: list[tuple[bool, Any]] = [(literal, compiled(listed)) for literal, listed in kinds if listed]
        # The same names come with every event of a room.
        self.masked_name = lru_cache(maxsize=NAMES)(self._masked)

    def check(self, text: str) -> Verdict:
        """Mask every listed word: `*` for each of its characters, and for each character between them.

        The masked text is as long as the given text, and holds no listed word any more.
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

    def _masked(self, name: str) -> str:
        """A name with the words of both lists masked; as `masked_name` it is remembered."""
        return self.check(name).text

    def _find(self, text: str) -> tuple[list[tuple[int, int]], bool]:
        """The spans of the words in the text, which may overlap, and whether one of them rejects the text."""
        spans: list[tuple[int, int]] = []
        rejected = False
        for literal, automaton in self._automata:
            reading = Reading(text, literal=literal)
            for last, entries in _found(automaton, reading.letters):
                first = last + 1 - len(entries[0][0].letters)
                span = reading.starts[first], reading.ends[last]
                is_covered = bool(spans) and spans[-1][0] <= span[0] and spans[-1][1] == span[1]
                for word, reject in entries:
                    if (not is_covered or (reject and not rejected)) and word.fits(reading, first):
                        if not is_covered:
                            spans.append(span)
                        is_covered, rejected = True, rejected or reject
        return spans, rejected


def _found(automaton: Any, letters: str) -> list[tuple[int, list[_Entry]]]:
    """The index of each letter with which words end, and the words of the same letters: longer ones come first."""
    found: list[tuple[int, list[_Entry]]] = list(automaton.iter(_flat(letters)))
    if not found or letters.isascii():
        return found
    # The automaton counts bytes.
    ends = accumulate(len(letter.encode("utf-8", "surrogatepass")) for letter in letters)
    at = {end - 1: index for index, end in enumerate(ends)}
    return [(at[end], entries) for end, entries in found]


def _entries(words: Sequence[str], reject: bool) -> Iterator[_Entry]:
    for text in words:
        try:
            yield Word.parse(text), reject
        except Malformed as malformed:
            log.warning("%r is not looked for: %s", text, malformed)


def _automaton(entries: Sequence[_Entry]) -> Any:
    """An automaton of these entries. The value of a match is the entries with these letters."""
    import ahocorasick  # here, since most functions never look for words

    automaton = ahocorasick.Automaton()
    for letters, listed in _by_letters(entries).items():
        automaton.add_word(letters, listed)
    automaton.make_automaton()
    return automaton


class _Table:
    """As the automaton, by trying each part of a text that is as long as some word."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self._entries = _by_letters(entries)
        self._lengths = sorted({len(letters) for letters in self._entries}, reverse=True)

    def iter(self, flat: str) -> Iterator[tuple[int, list[_Entry]]]:
        for end in range(1, len(flat) + 1):
            for length in self._lengths:
                if length <= end and (found := self._entries.get(flat[end - length : end])):
                    yield end - 1, found


def _by_letters(entries: Sequence[_Entry]) -> dict[str, list[_Entry]]:
    found: dict[str, list[_Entry]] = {}
    for entry in dict.fromkeys(entries):
        found.setdefault(_flat(entry[0].letters), []).append(entry)
    return found


def _flat(letters: str) -> str:
    """The letters in UTF-8, with a character for each byte.

    The automaton tries a node's children one after another. The first node of ten thousand Chinese words would have
    thousands of children; of bytes there are at most 256.
    """
    if letters.isascii():
        return letters
    return letters.encode("utf-8", "surrogatepass").decode("latin-1")


class Words(SharedList[WordList]):
    """The list in Redis. `for_names`: as of a WordList."""

    name = "words"

    def __init__(
        self,
        redis: RedisCluster,
        *,
        clock: Callable[[], float] = time.time,
        stale_seconds: float = STALE_SECONDS,
        for_names: bool = False,
    ) -> None:
        super().__init__(redis, clock=clock, stale_seconds=stale_seconds)
        self._for_names = for_names

    async def read(self) -> Lists:
        """The listed words, none if none were ever written. Raises StateUnavailable."""
        with reaching_redis():
            stored: str | None = await self._redis.hget(WORDS, "lists")  # type: ignore[assignment]
        return _lists(stored)

    async def write(self, lists: Lists) -> None:
        """Replace the list. Every process uses the new one within seconds. Raises StateUnavailable."""
        stored = json.dumps({"mask": lists.mask, "reject": lists.reject}, ensure_ascii=False)
        version = hashlib.sha256(stored.encode()).hexdigest()[:16]
        with reaching_redis():
            await self._redis.hset(WORDS, mapping={"version": version, "lists": stored})

    async def _read_version(self) -> str | None:
        with reaching_redis():
            version: str | None = await self._redis.hget(WORDS, "version")  # type: ignore[assignment]
        return version

    async def _fetch(self) -> tuple[str, WordList] | None:
        with reaching_redis():
            found: list[Any] = await self._redis.hmget(WORDS, ["version", "lists"])
        version, stored = found
        if stored is None:
            return None
        # In a thread: compiling 10,000 words would block the loop for 0.1 s.
        compiled = await asyncio.to_thread(lambda: WordList(**vars(_lists(stored)), for_names=self._for_names))
        return version, compiled

    def _empty(self) -> WordList:
        return WordList((), ())


def _lists(stored: str | None) -> Lists:
    return Lists(**{name: tuple(words) for name, words in json.loads(stored or "{}").items()})
