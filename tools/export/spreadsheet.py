"""Texts that no spreadsheet computes, however it is told to read the file.

A cell that begins with `=`, `+`, `-` or `@` may be taken for a formula. Where cells begin is for the reader to say: the
comma, a semicolon, a tab, a space or anything else may part them, quotes may count or not, and what stands before the
sign may be left out, such as a NUL, a byte order mark or a blank. So a text is made safe inside, too: a sign that no
letter and no digit stands before is given an apostrophe. What begins with an apostrophe is text everywhere.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import json
import re
from typing import Any

# In full width and small, too, since some spreadsheets take these for the same.
SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫"
# Between a letter or a digit, another sign or an apostrophe, and apostrophes and a sign.
_UNSAFE = re.compile(f"(?<![\\w'{SIGNS}])(?='*[{SIGNS}])")
_MADE_SAFE = re.compile(f"(?<![\\w'{SIGNS}])'(?='*[{SIGNS}])")
_SIGN = re.compile(f"(?<![\\w{SIGNS}])[{SIGNS}]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def inert(text: str) -> str:
    """The text with an apostrophe before each sign, or run of signs, that may begin a formula."""
    return _UNSAFE.sub("'", text)


def as_written(text: str) -> str:
    """The inverse of `inert`."""
    return _MADE_SAFE.sub("", text)


def inert_json(value: Any) -> str:
    """The value as JSON in which no string begins a formula: there, such a sign is written as `\\u003d`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _STRING.sub(lambda string: _SIGN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", string[0]), text)
