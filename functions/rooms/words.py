"""Sensitive words: what counts as the same word, and where in a text one may be found.

A text is read as the letters that a reader sees. They are brought to one form (NFKC, case folded), and what is laid
over or between them is left out: invisible characters, marks that no letter is written with, vowel points that Arabic
and Hebrew do without. Letters of their own, such as é, stay what they are. Spaces, punctuation and symbols between
letters are passed over, so that "b.a d" reads as "bad".

Passing over them would find "ass" in "as sad". So a match with something in between must not begin or end inside
another word; one without may stand anywhere, as in "badly". Writing without spaces between words (Chinese, Japanese,
Thai ...) has no such inside. Letters that only look alike (Cyrillic а for Latin a) are different letters here.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

from functions.rooms.identity import Malformed, has_control_characters

MASK = "*"
WORD_LENGTH = 64
WORDS_AT_MOST = 10_000

Folded = tuple[tuple[str, bool], ...]

# Marks that may be put on any letter; where they make a letter of its own, NFKC has composed it before these go.
_ORNAMENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    "\u06ea-\u06ed\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]+"
)
# Invisible without being format characters (Hangul and Khmer fillers), and the stroke that stretches Arabic letters.
_UNSEEN = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0\u0640")
# Thai, Lao, Tibetan, Myanmar, Khmer; Chinese and Japanese.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)


@dataclass(frozen=True)
class Verdict:
    """A text with every listed word masked; `rejected`: one of them must not be said at all."""

    text: str
    rejected: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it is compared. Letter `i` came from the original's characters `starts[i]` up to `ends[i]`, and
    `breaks[i]` is how many characters were passed over before it; a last one counts all that were."""

    letters: str
    starts: list[int]
    ends: list[int]
    breaks: list[int]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read the letters, digits and marks of a text."""
        return cls._of(text, literally=False)

    @classmethod
    def literal(cls, text: str) -> Self:
        """Read a text with nothing passed over."""
        return cls._of(text, literally=True)

    @classmethod
    def _of(cls, text: str, *, literally: bool) -> Self:
        letters: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        breaks: list[int] = []
        passed = 0
        for start, end, folded in _units(text):
            for character, is_letter in _fold(text[start:end]) if folded is None else folded:
                if not is_letter and not literally:
                    passed += 1
                    continue
                letters.append(character)
                starts.append(start)
                ends.append(end)
                breaks.append(passed)
        return cls("".join(letters), starts, ends, [*breaks, passed])

    def has_break(self, index: int) -> bool:
        """Something was passed over right before letter `index`, or behind the last one."""
        return self.breaks[index] != (self.breaks[index - 1] if index else 0)

    def parts_words(self, index: int) -> bool:
        """A word may end before letter `index` and another begin there."""
        if index in (0, len(self.letters)) or self.has_break(index):
            return True
        return any(_UNSPACED.match(letter) for letter in self.letters[index - 1 : index + 1])


@dataclass(frozen=True, slots=True)
class Word:
    """A listed word. `breaks`: the indexes of the letters that it has something before, as "no way" has.

    A `literal` one is compared with all its symbols: it begins or ends with one, or has no letters, as "a$$" and emoji.
    """

    letters: str
    breaks: frozenset[int] = frozenset()
    literal: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """1-64 characters that are not all invisible, none a control character; else Malformed."""
        if len(text) > WORD_LENGTH or has_control_characters(text):
            raise Malformed(f"a word has 1-{WORD_LENGTH} characters, none a control character")
        text = "".join(character for character in text if not _is_unseen(character)).strip()
        reading = Reading.of(text)
        length = len(reading.letters)
        if length and not reading.has_break(0) and not reading.has_break(length):
            return cls(reading.letters, frozenset(i for i in range(1, length) if reading.has_break(i)))
        literal = Reading.literal(text).letters
        if not literal.strip():
            raise Malformed("a word has characters that can be seen")
        if MASK in literal:
            raise Malformed(f"a word holds {MASK} only between letters, since that is what masked words become")
        return cls(literal, literal=True)

    def fits(self, reading: Reading, start: int) -> bool:
        """Whether this word, whose letters are found at `start`, may be meant there."""
        end = start + len(self.letters)
        if reading.breaks[start] == reading.breaks[end - 1]:
            return True
        broken = (i for i in range(1, len(self.letters)) if reading.has_break(start + i))
        if self.breaks and all(i in self.breaks for i in broken):
            return True
        return reading.parts_words(start) and reading.parts_words(end)


@dataclass(frozen=True)
class Lists:
    """The words as they were given: those to mask, and those that a text is rejected for."""

    mask: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()

    def check(self) -> None:
        """At most 10,000 words, all of them sound; else Malformed, which names the first that is not."""
        if len(self.mask) + len(self.reject) > WORDS_AT_MOST:
            raise Malformed(f"mask and reject have at most {WORDS_AT_MOST} words together")
        for name, words in (("mask", self.mask), ("reject", self.reject)):
            for index, text in enumerate(words):
                try:
                    Word.parse(text)
                except Malformed as malformed:
                    raise Malformed(f"{name}[{index}], {text[:WORD_LENGTH]!r}: {malformed}") from None


def cover(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with a `*` for each character of the spans (start, end); as long as it was."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = MASK * (end - start)
    return "".join(characters)


def _units(text: str) -> list[tuple[int, int, Folded | None]]:
    """Start and end of each character that stands by itself, together with what joins it; folded unless it has that."""
    units: list[tuple[int, int, Folded | None]] = []
    for index, character in enumerate(text):
        role, folded = _read(character)
        if role == "base":
            units.append((index, index + 1, folded))
        elif role == "joins":
            start = units.pop()[0] if units else index
            units.append((start, index + 1, None))
    return units


@lru_cache(maxsize=16384)
def _read(character: str) -> tuple[Literal["unseen", "joins", "base"], Folded]:
    """What a character is to the one before it, and its folded form."""
    if _is_unseen(character):
        return "unseen", ()
    first = unicodedata.normalize("NFKD", character)[0]
    # Besides marks, the vowels and final consonants of Hangul compose with what stands before them.
    joins = _is_mark(first) or "\u1161" <= first <= "\u1175" or "\u11a8" <= first <= "\u11c2"
    if joins or "\U0001f3fb" <= character <= "\U0001f3ff":
        return "joins", ()
    return "base", _fold(character)


def _fold(cluster: str) -> Folded:
    """Each character of the cluster's folded form, and whether it is a letter."""
    seen = "".join(character for character in cluster if not _is_unseen(character))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    kept = (character for character in _ORNAMENTS.sub("", folded) if not _is_unseen(character))
    return tuple((character, _is_letter(character)) for character in kept)


def _is_unseen(character: str) -> bool:
    return character in _UNSEEN or unicodedata.category(character) == "Cf"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _is_letter(character: str) -> bool:
    """Letters, digits, and the marks that words are written with."""
    return character.isalnum() or _is_mark(character)
