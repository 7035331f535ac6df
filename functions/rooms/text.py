"""What a text may hold: names, ids, chats and the lines beside them, at every way in.

A handshake's query, a token's claims, a client's frames, the HTTP API and the records of other producers all ask here.
docs/protocol.md has the rule as a table. A function `flaw_of_…` returns what is wrong as the end of a sentence that
begins with the text's name ("must hold something visible"), or None. A function `clean_…` makes of a record's text one
that may be shown.

The ranges are spelled out, and do not depend on the version of Unicode that a Python knows. Only what can be seen is
asked of `unicodedata`; a character that is not known there counts as visible, so that new emoji are names too.
"""

import re
import unicodedata
from functools import lru_cache

NAME_LENGTH = 32
ID_LENGTH = 64
CHAT_LENGTH = 500
LINE_LENGTH = 512
REASON_LENGTH = 200

# Half a surrogate pair cannot be written as UTF-8. The others are for a program's own use:
# https://www.unicode.org/faq/private_use.html#noncharacters
_NO_CHARACTERS = "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff" + "".join(
    f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17)
)
# Embeddings and isolates turn the text behind them if they are not closed; the last six are deprecated.
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069\u206a-\u206f"
# A chat is shown by itself, and what is pasted has embeddings and isolates. An override has no use but to deceive.
_OVERRIDES = "\u202d\u202e"
_NOT_IN_LINES = re.compile(f"[\0-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}{_NO_CHARACTERS}]")
_NOT_IN_CHATS = re.compile(f"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_OVERRIDES}{_NO_CHARACTERS}]")

# Letters and symbols that take no ink: the fillers of Hangul and Khmer, and an empty Braille cell.
FILLERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# What is trimmed from a name: white space, and what looks like none or nothing. The joiners are not among it, since
# words of some languages end with one.
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\xad\u034f\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
) + FILLERS
# Code points that are reserved for what takes no ink.
_RESERVED = re.compile("[\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]")

# The rule as a regular expression of JSON Schema, as near as that comes: it has no Unicode properties.
_INSIDE = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufdd0-\ufdef\ufffe\uffff"
_ENDS = (
    _INSIDE
    + r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2065\u2800\u3164\ufeff\uffa0"
)
_FIRST = _ENDS + r"\u0300-\u036f\u200c\u200d\ufe00-\ufe0f"
ID_PATTERN = f"^[^{_FIRST}]([^{_INSIDE}]*[^{_ENDS}])?$"
LINE_PATTERN = f"^[^{_INSIDE}]*$"
NAME_PATTERN = f"^[^{_FIRST}][^{_INSIDE}]*$"


def trim(name: str) -> str:
    """A name as it is kept: in NFC, without blanks at its ends."""
    return unicodedata.normalize("NFC", name).strip(BLANKS)


def flaw_of_name(name: str) -> str | None:
    """1-32 characters on one line, some of them visible, the first no mark; no direction control, no blank ends."""
    return _flaw_of_length(name, 1, NAME_LENGTH) or _flaw_of_shown(name)


def flaw_of_id(id_: str) -> str | None:
    """As a name, of 1-64 characters."""
    return _flaw_of_length(id_, 1, ID_LENGTH) or _flaw_of_shown(id_)


def flaw_of_line(text: str, most: int = LINE_LENGTH) -> str | None:
    """At most so many characters on one line, and no direction control."""
    return _flaw_of_length(text, 0, most) or _flaw(text, _NOT_IN_LINES)


def flaw_of_reason(text: str) -> str | None:
    """1-200 characters on one line, and no direction control."""
    return _flaw_of_length(text, 1, REASON_LENGTH) or _flaw(text, _NOT_IN_LINES)


def flaw_of_chat(text: str) -> str | None:
    """1-500 characters, some of them visible; no control character but a tab and line breaks, no direction override."""
    flaw = _flaw_of_length(text, 1, CHAT_LENGTH) or _flaw(text, _NOT_IN_CHATS)
    return flaw or (None if any(map(is_visible, text)) else "must hold something visible")


def flaw_of_record_id(id_: str) -> str | None:
    """As an id, of any length."""
    return _flaw_of_shown(id_)


@lru_cache(maxsize=8192)  # the same names come with every record of a room
def clean_name(name: str) -> str:
    """The name with a question mark for each character that it may not hold; empty if nothing of it can be seen."""
    if not name or (name.isascii() and _flaw_of_shown(name) is None):
        return name
    name = trim(clean_line(name.strip(BLANKS)))
    return "" if name and _flaw_of_shown(name) else name


def clean_line(text: str) -> str:
    """The text with a question mark for each character that a line may not hold."""
    return text if text.isascii() and text.isprintable() else _NOT_IN_LINES.sub("?", text)


def clean_chat(text: str) -> str:
    """The text with a question mark for each character that a chat may not hold."""
    return text if text.isascii() and text.isprintable() else _NOT_IN_CHATS.sub("?", text)


def is_mark(character: str) -> bool:
    """Whether it is written onto another character."""
    return unicodedata.category(character)[0] == "M"


def is_visible(character: str) -> bool:
    """Whether it is seen when it stands by itself."""
    category = unicodedata.category(character)
    if category[0] in "ZM" or category in ("Cc", "Cf", "Cs") or character in FILLERS:
        return False
    return not (category == "Cn" and _RESERVED.match(character))


def _flaw_of_length(text: str, least: int, most: int) -> str | None:
    if least <= len(text) <= most:
        return None
    return f"must have {least}-{most} characters" if least else f"must have at most {most} characters"


def _flaw_of_shown(text: str) -> str | None:
    """What is wrong with a name or an id, whatever its length."""
    if text.isascii() and text.isprintable() and text and text[0] != " " != text[-1]:
        return None
    if flaw := _flaw(text, _NOT_IN_LINES):
        return flaw
    if text != text.strip(BLANKS):
        return "must not begin or end with a blank"
    if not any(map(is_visible, text)):
        return "must hold something visible"
    return "must not begin with a combining mark" if is_mark(text[0]) else None


def _flaw(text: str, unfit: re.Pattern[str]) -> str | None:
    if text.isascii() and text.isprintable():
        return None
    found = unfit.search(text)
    return found and f"must hold no {_kind(found[0])}, such as U+{ord(found[0]):04X}"


def _kind(character: str) -> str:
    match unicodedata.category(character):
        case "Cc":
            return "control character"
        case "Zl" | "Zp":
            return "line break"
        case "Cf":
            return "direction control"
        case "Cs":
            return "half of a surrogate pair"
    return "noncharacter"
