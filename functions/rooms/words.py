"""Sensitive words: what may be listed, and where in a text a listed word is found.

Words are looked for in a `Reading` of the text (functions/rooms/reading.py), in which "b.a d" is "bad" with two breaks.
Passing over the breaks alone would find "ass" in "as sad". So a match with a break inside must begin and end where a
word does. A match without a break may be anywhere, as in "badly", unless the word is listed as a whole word: "=bad".
Writing without spaces between words (Chinese, Japanese, Thai ...) lets words begin and end at any letter. No match cuts
a grapheme: the flag of Russia is not found between two others. Letters that only look alike (Cyrillic а, Latin a) are
different letters.

functions/adapters/redis/words.py finds the matches, and docs/words.md tells it with examples.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from functions.rooms.folding import is_letter
from functions.rooms.identity import Malformed
from functions.rooms.reading import Reading
from functions.rooms.text import BLANKS, flaw_of_line

MASK = "*"
# Before a letter: the word is listed as a whole word.
WHOLE = "="
WORD_LENGTH = 64
WORDS_AT_MOST = 10_000


@dataclass(frozen=True)
class Verdict:
    """A text with every listed word masked. If one of them was listed to be rejected, the text is `rejected`."""

    text: str
    rejected: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A listed word. `breaks` has the indexes of the letters behind a break of its own: 2 in "no way".

    A word that begins or ends with a symbol, or has no letters at all, is `literal`: "a$$", or an emoji. It is compared
    with all its symbols. A `whole` word is not found inside another one.
    """

    letters: str
    breaks: frozenset[int] = frozenset()
    literal: bool = False
    whole: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """A word is a line of 1-64 characters, some of them visible; else Malformed. "=bad" is "bad" as a whole word,
        "==bad" the text "=bad"."""
        flaw = flaw_of_line(text, WORD_LENGTH) if text else f"must have 1-{WORD_LENGTH} characters"
        if flaw:
            raise Malformed(f"a word {flaw}")
        text, whole = _split(text)
        reading = Reading(text)
        length = len(reading.letters)
        if length and not reading.has_break(0) and not reading.has_break(length):
            breaks = frozenset(i for i in range(1, length) if reading.has_break(i))
            return cls(reading.letters, breaks, whole=whole)
        literal = Reading(text, literal=True).letters
        if not literal.strip():
            raise Malformed("a word must hold something visible")
        if MASK in literal:
            raise Malformed(f"a word must hold {MASK} only between letters, since that is what masked words become")
        return cls(literal, literal=True, whole=whole)

    def fits(self, reading: Reading, start: int) -> bool:
        """Whether the letters of this word, found at `start`, are this word and not parts of others.

        They are if words begin and end there. A word that is not listed as a whole one may have no break inside, too,
        or only breaks that it has itself.
        """
        end = start + len(self.letters)
        if not (reading.parts_graphemes(start) and reading.parts_graphemes(end)):
            return False
        broken = reading.breaks[end - 1] - reading.breaks[start]
        if not self.whole and broken == 0:
            return True
        if reading.parts_words(start) and reading.parts_words(end):
            return True
        return not self.whole and broken == sum(reading.has_break(start + index) for index in self.breaks)


def _split(text: str) -> tuple[str, bool]:
    """A listed word without blanks around it, and whether it is listed as a whole word."""
    text = text.strip(BLANKS + "\u200c\u200d")
    bare = text.lstrip(WHOLE)
    if len(text) - len(bare) in (1, 2) and is_letter(bare[:1] or WHOLE):
        return text[1:], not text.startswith(WHOLE * 2)
    return text, False


@dataclass(frozen=True)
class Lists:
    """The words as they were listed: `mask` is covered in a text, and `reject` rejects it."""

    mask: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise Malformed if there are more than 10,000 words, or if one is invalid; it names the first of those."""
        if len(self.mask) + len(self.reject) > WORDS_AT_MOST:
            raise Malformed(f"mask and reject have at most {WORDS_AT_MOST} words together")
        for name, words in (("mask", self.mask), ("reject", self.reject)):
            for index, text in enumerate(words):
                try:
                    Word.parse(text)
                except Malformed as malformed:
                    raise Malformed(f"{name}[{index}], {text[:WORD_LENGTH]!r}: {malformed}") from None


def cover(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with a `*` for each character of the spans (start, end). The length does not change."""
    characters, covered = list(text), 0
    for start, end in sorted(spans):
        if covered < end:
            characters[max(start, covered) : end] = MASK * (end - max(start, covered))
            covered = end
    return "".join(characters)
