"""The form in which characters are compared: steps 1 and 2 of reading a text (functions/rooms/reading.py)."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from functions.rooms.graphemes import ZWJ, Role, is_sequence, is_skin_tone, is_unseen, role_of
from functions.rooms.text import is_mark

# A character of a folded grapheme, and whether words are written with it.
Folded = tuple[tuple[str, bool], ...]

_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
# What is typed for an apostrophe. Some of these are letters to Unicode.
_APOSTROPHES = dict.fromkeys(map(ord, "`´‘’‛′ʹʻʼʽʾʿˈˊˋ՚׳ߴߵꞋꞌ＇"), "'")
_SAME = _APOSTROPHES | {ord("ı"): "i"}
_OPTIONAL_POINTS = ("ARABIC", "HEBREW", "SYRIAC", "HANGUL")
_KEYCAP = "\u20e3"
_JOINERS = re.compile(f"{ZWJ}+")
CACHED = 16_384


class Form(NamedTuple):
    """A character by itself: its role, its letters, all of its characters that are seen, and these folded.

    The letters are None if the character is read with others. `is_plain`: it is one letter, or none.
    """

    role: Role
    letters: str | None
    seen: str | None
    folded: Folded
    is_plain: bool


class _Forms(dict[str, Form]):
    """The forms of the characters that were met lately; a dictionary, since it is asked for every character."""

    def __missing__(self, character: str) -> Form:
        if len(self) >= CACHED:
            self.clear()
        role = role_of(character)
        folded = _fold(character) if role == "base" else ()
        letters = "".join(each for each, is_letter in folded if is_letter)
        seen = "".join(each for each, _ in folded)
        if role in ("base", "unseen"):
            form = Form(role, letters, seen, folded, not letters or (letters == seen and len(letters) == 1))
        else:
            form = Form(role, None, None, (), is_plain=False)
        self[character] = form
        return form


FORMS = _Forms()


def is_letter(character: str) -> bool:
    """Whether words are written with it: a letter, a digit, or a mark such as a vowel sign."""
    return character.isalnum() or is_mark(character)


@lru_cache(maxsize=CACHED)
def fold(cluster: str) -> Folded:
    return _fold(cluster)


def _fold(cluster: str) -> Folded:
    """The characters of a grapheme's folded form, each with whether it is a letter."""
    if is_sequence(cluster):
        kept = "".join(each for each in cluster if not is_mark(each) and not is_skin_tone(each))
        return tuple((each, False) for each in _JOINERS.sub(ZWJ, kept).strip(ZWJ))
    seen = "".join(character for character in cluster if not is_unseen(character)).translate(_SAME)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold()).translate(_SAME)
    found: list[tuple[str, bool]] = []
    for each in folded:
        character = unicodedata.normalize("NFD", each)[0] if _GREEK.match(each) else each
        if is_unseen(character) or is_skin_tone(character) or (is_mark(character) and not _belongs(character, found)):
            continue
        found.append((character, is_letter(character) and character != _KEYCAP))
    return tuple(found)


def _belongs(mark: str, before: list[tuple[str, bool]]) -> bool:
    """Whether a mark is part of what it is written onto, and no ornament."""
    if not before:
        return False
    if mark == _KEYCAP:
        return before[-1][0] in "0123456789#*"
    name = unicodedata.name(mark, "").split()
    if not name or "COMBINING" in name or "VARIATION" in name or name[0] in _OPTIONAL_POINTS:
        return False
    # There is no property of scripts in Python, but the names of characters begin with them.
    return unicodedata.name(before[-1][0], "").split()[:1] == name[:1]
