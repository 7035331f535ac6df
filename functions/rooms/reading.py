"""How a text is read when words are looked for in it.

People write "bad" as "BAD", as "ｂａｄ", as "b.a d", or with invisible characters in it. So texts and listed words are
read as the letters that a reader sees, and only these `Reading`s are compared. A text is read in three steps:

1. It is cut into graphemes (functions/rooms/graphemes.py), and each is brought to one form, by NFKC and case folding:
   "ＢＡＤ" becomes "bad". Turkish İ and ı become "i" as I does, and Greek letters lose the accents that capitals go
   without. Any other accented letter, such as é, stays a letter of its own.
2. What hides a word is removed: invisible characters, and marks that do not belong to the letter. These are marks of
   all scripts (Mn, Mc, Me), marks of another script than the letter's, and the vowel points that Arabic, Hebrew and
   Syriac can do without. A vowel sign on a letter of its own script stays, as it is what makes the word.
3. Spaces, punctuation and symbols are skipped, and the reading notes where: a break. "b.a d" becomes "bad" with a break
   before "a" and one before "d".

Words end at a break, except where Unicode does not part words: at an apostrophe, a full stop, a colon or a middle dot
between two letters, at a full stop or a comma between two digits, and at low lines. So there is no word "s" in "let's".
https://www.unicode.org/reports/tr29/#Word_Boundaries
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from functions.rooms.folding import FORMS, Folded, Form, fold, is_letter
from functions.rooms.graphemes import graphemes
from functions.rooms.text import is_mark

# Scripts without spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, Chinese, Japanese.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)
_BETWEEN_LETTERS = "'.:\u00b7\u05f4\u055f\u2027"
_BETWEEN_DIGITS = "'.,;"


class Reading:
    """A text as it is compared: its `letters`, and where they stand.

    A `literal` reading has all characters that are seen, and no breaks. Most texts hold no listed word, so where the
    letters stand is found out when somebody asks.
    """

    def __init__(self, text: str, *, literal: bool = False) -> None:
        self.literal = literal
        self._text = text
        self._forms = [FORMS[character] for character in text]
        self._parted: dict[int, bool] = {}
        found = [form.seen for form in self._forms] if literal else [form.letters for form in self._forms]
        self._alone = None if None in found else found
        self.letters: str = self._places.letters if self._alone is None else "".join(found)  # type: ignore[arg-type]

    @property
    def starts(self) -> list[int]:
        """Letter `i` came from the text's characters `starts[i]` ..."""
        return self._places.starts

    @property
    def ends(self) -> list[int]:
        """... up to `ends[i]`."""
        return self._places.ends

    @property
    def breaks(self) -> list[int]:
        """The number of breaks before letter `i`, from the start of the text; one more entry at the end is of all."""
        return self._places.breaks

    def has_break(self, index: int) -> bool:
        """Whether something was skipped right before letter `index`, or behind the last letter."""
        return self.breaks[index] != (self.breaks[index - 1] if index else 0)

    def parts_words(self, index: int) -> bool:
        """Whether one word may end before letter `index`, and another may begin there."""
        # Many words may end at one letter.
        parted = self._parted.get(index)
        if parted is None:
            parted = self._parted[index] = self._are_parted(index)
        return parted

    def _are_parted(self, index: int) -> bool:
        if index in (0, len(self.letters)) or (self.has_break(index) and index not in self._places.joins):
            return True
        before, after = self.letters[index - 1], self.letters[index]
        if _UNSPACED.match(before) or _UNSPACED.match(after):
            return True
        return self.literal and self._parts_symbols(index)

    def parts_graphemes(self, index: int) -> bool:
        """Whether a grapheme ends before letter `index`, as far as a match must not cut it.

        A character that is several letters, such as ﬃ, may be cut unless the reading is literal.
        """
        if index in (0, len(self.letters)):
            return True
        return not is_mark(self.letters[index]) and not (self.literal and self.starts[index] == self.starts[index - 1])

    @cached_property
    def _places(self) -> "_Places":
        is_plain = self._alone is not None and not self.literal and False not in [form.is_plain for form in self._forms]
        return self._plain_places() if is_plain else self._graphemes_places()

    def _plain_places(self) -> "_Places":
        """Of characters that are one letter or none each; most texts are."""
        starts = [index for index, letter in enumerate(self._alone or ()) if letter]
        gaps: dict[int, str] = {}
        for before, index in enumerate([index for index, letter in enumerate(self._alone or ()) if not letter]):
            if seen := self._forms[index].seen:
                gaps[index - before] = gaps.get(index - before, "") + seen
        return _Places(self.letters, starts, [start + 1 for start in starts], *_breaks(self.letters, gaps))

    def _graphemes_places(self) -> "_Places":
        letters, starts, ends = "", list[int](), list[int]()
        gaps: dict[int, str] = {}
        for start, end, folded in _folded_graphemes(self._text, self._forms):
            for character, is_of_words in folded:
                if is_of_words or self.literal:
                    letters += character
                    starts.append(start)
                    ends.append(end)
                else:
                    gaps[len(starts)] = gaps.get(len(starts), "") + character
        return _Places(letters, starts, ends, *_breaks(letters, gaps))

    def _parts_symbols(self, index: int) -> bool:
        """Whether words are parted before character `index`, which is none of the ends, of a literal reading."""
        beside = self.letters[max(0, index - 2) : index + 2]
        at = min(index, 2)
        before, after = beside[at - 1], beside[at]
        if is_letter(before) and is_letter(after):
            return False
        inside_after = at + 1 < len(beside) and is_letter(before) and _is_join(before, after, beside[at + 1])
        return not (inside_after or (at == 2 and is_letter(beside[0]) and _is_join(beside[0], before, after)))


class _Places(NamedTuple):
    """Where letters stand, as a `Reading` has it. The breaks before the letters in `joins` do not part words."""

    letters: str
    starts: list[int]
    ends: list[int]
    breaks: list[int]
    joins: set[int]


def _breaks(letters: str, gaps: Mapping[int, str]) -> tuple[list[int], set[int]]:
    """The breaks and joins of letters; `gaps` has what was skipped before the letters, in their order."""
    breaks: list[int] = []
    joins: set[int] = set()
    for count, (index, gap) in enumerate(gaps.items()):
        breaks += [count] * (index - len(breaks))
        if 0 < index < len(letters) and _is_join(letters[index - 1], gap, letters[index]):
            joins.add(index)
    breaks += [len(gaps)] * (len(letters) + 1 - len(breaks))
    return breaks, joins


def _is_join(before: str, gap: str, after: str) -> bool:
    """Whether words are not parted by what stands between two characters."""
    if gap.isspace() or not (is_letter(before) and is_letter(after)):
        return False
    if len(gap) == 1:
        digits = before.isdigit() + after.isdigit()
        if (digits == 0 and gap in _BETWEEN_LETTERS) or (digits == 2 and gap in _BETWEEN_DIGITS):
            return True
    return all(unicodedata.category(character) == "Pc" for character in gap)


def _folded_graphemes(text: str, forms: list[Form]) -> Iterator[tuple[int, int, Folded]]:
    """Start and end of each grapheme, and its folded form."""
    for start, end in graphemes(text, [form.role for form in forms]):
        alone = forms[start].folded if end == start + 1 else ()
        yield start, end, alone or fold(text[start:end])
