"""Where a reader of a text sees one character: its graphemes, as far as looking for words needs them.

A base character takes what is written onto it: marks, the vowels and final consonants of Hangul, skin tones. Two
regional indicators are a flag. A zero width joiner (ZWJ) makes one emoji of two, and tag characters behind a flag say
whose it is. Other invisible characters belong to no grapheme. https://www.unicode.org/reports/tr29/
"""

import unicodedata
from collections.abc import Iterator
from typing import Literal

from functions.rooms.text import FILLERS, is_mark

ZWJ = "\u200d"
# The flag that tags may follow.
_TAGGED = "\U0001f3f4"
# Invisible, but not format characters: the fillers, and the stroke that stretches Arabic letters.
_UNSEEN = frozenset(FILLERS + "\u0640\u2065")


# What a character does in a grapheme. "flag" is half a flag.
Role = Literal["base", "joins", "unseen", "flag", "zwj", "tag"]


def role_of(character: str) -> Role:
    if character == ZWJ:
        return "zwj"
    if "\U000e0020" <= character <= "\U000e007f":
        return "tag"
    if is_unseen(character):
        return "unseen"
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return "flag"
    return "joins" if _joins(character) else "base"


def is_unseen(character: str) -> bool:
    """Whether nothing of it is seen, wherever it stands."""
    return character in _UNSEEN or unicodedata.category(character) == "Cf"


def is_skin_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _joins(character: str) -> bool:
    first = unicodedata.normalize("NFKD", character)[0]
    return is_mark(first) or "\u1161" <= first <= "\u1175" or "\u11a8" <= first <= "\u11c2" or is_skin_tone(character)


def graphemes(text: str, roles: list[Role]) -> Iterator[tuple[int, int]]:
    """Start and end of each grapheme. `roles` are those of the characters; what is unseen is in no grapheme, except
    between a base and what joins it."""
    start = end = -1
    flags = 0
    for index, role in enumerate(roles):
        is_next = index == end
        if role == "base" or (role == "joins" and start < 0):
            # A ZWJ that joins nothing is as invisible as the rest.
            if index == end + 1 and text[end] == ZWJ and _is_emoji(text[start]) and _is_emoji(text[index]):
                end = index + 1
                continue
        elif role == "flag" and is_next and flags == 1:
            end, flags = index + 1, 2
            continue
        elif role == "joins":
            end = index + 1
            flags = 0
            continue
        elif role == "tag" and is_next and text[start] == _TAGGED:
            end = index + 1
            continue
        elif role != "flag":
            continue
        if start >= 0:
            yield start, end
        start, end, flags = index, index + 1, int(role == "flag")
    if start >= 0:
        yield start, end


def is_sequence(grapheme: str) -> bool:
    """Whether it is a flag, or an emoji that is made of several."""
    return len(grapheme) > 1 and any(role_of(each) in ("flag", "zwj", "tag") for each in grapheme)


def _is_emoji(character: str) -> bool:
    """Whether it is, or may become, an emoji: a symbol or an arrow, or reserved for one."""
    return (
        "\U0001f000" <= character <= "\U0001faff"
        or unicodedata.category(character) == "So"
        or "\u2190" <= character <= "\u21ff"
    )
