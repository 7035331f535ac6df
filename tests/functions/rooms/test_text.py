import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.text import (
    ID_PATTERN,
    NAME_PATTERN,
    clean_chat,
    clean_line,
    clean_name,
    flaw_of_chat,
    flaw_of_id,
    flaw_of_line,
    flaw_of_name,
    trim,
)

GOOD_NAMES = [
    "Alice", "O'Brien", "Zoë", "李小龍", "さくら", "김민수", "علی‌رضا", "عَلِيّ", "שָׁלוֹם", "สมชาย", "क्षत्रिय",
    "ক্‍", "Ωmega", "Đặng",
    "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪max", "❤️", "1️⃣", "👍🏽", "-", "?", "x y", "a\u200db", "שלום\u200f!a", "\U0001faea",
    "\uf8ff", "\U0001f3fb",
]  # fmt: skip
CONTROLS = ["\0", "\x01", "\x1b", "\x7f", "\x80", "\x85", "\x9f"]
LINES = ["\t", "\n", "\r", "\u2028", "\u2029"]
DIRECTIONS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x2070))]
NONCHARACTERS = ["\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0001ffff", "\U0010fffe"]
SURROGATES = ["\ud800", "\udfff"]
INVISIBLE = [
    "", " ", "\u3000", "\u200b", "\u200d", "\u200c\u200d", "\ufeff", "\u2060", "\u00ad", "\u115f", "\u1160", "\u3164",
    "\uffa0", "\u2800", "\ufe0f", "\u034f", "\u0301", "\u0e35", "\u093e", "\u20e3", "\u180e", "\U000e0001",
    "\U000e0041", "\U000e0100", "\U000e0fff", "\u2065", "\u17b4", "\u061c", "\u200e\u200f", " \u200d \u0301",
]  # fmt: skip
BLANKS = [
    " ",
    "\t",
    "\n",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u200b",
    "\u200e",
    "\u200f",
    "\ufeff",
    "\u2060",
    "\u3164",
    "\u2800",
]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_name_of_any_writing_is_taken_as_it_is(name: str) -> None:
    name = trim(name)
    assert (flaw_of_name(name), flaw_of_id(name), flaw_of_chat(name), flaw_of_line(name)) == (None,) * 4
    assert (clean_name(name), clean_line(name), clean_chat(name)) == (name,) * 3
    assert re.search(NAME_PATTERN, name)
    assert re.search(ID_PATTERN, name)


@pytest.mark.parametrize("character", CONTROLS + LINES + DIRECTIONS + NONCHARACTERS + SURROGATES)
def test_what_no_line_may_hold_is_named(character: str) -> None:
    text = f"a{character}b"
    said = rf"must hold no [a-z ]+, such as U\+{ord(character):04X}"
    for flaw in (flaw_of_name(text), flaw_of_id(text), flaw_of_line(text)):
        assert re.fullmatch(said, flaw or ""), flaw
    assert (clean_name(text), clean_line(text)) == ("a?b", "a?b")


def test_a_chat_may_have_lines_and_quoted_text_of_another_direction_but_no_override() -> None:
    for character in [*LINES, "\u202a", "\u202b", "\u202c", "\u2066", "\u2067", "\u2068", "\u2069"]:
        assert flaw_of_chat(f"a{character}b") is None, character
        assert clean_chat(f"a{character}b") == f"a{character}b"
    for character in [*CONTROLS, *NONCHARACTERS, *SURROGATES, "\u202d", "\u202e"]:
        assert (flaw_of_chat(f"a{character}b") or "").startswith("must hold no "), character
        assert clean_chat(f"a{character}b") == "a?b"


@pytest.mark.parametrize("text", INVISIBLE)
def test_a_name_an_id_and_a_chat_have_something_that_can_be_seen(text: str) -> None:
    assert flaw_of_name(trim(text))
    assert flaw_of_id(text)
    assert flaw_of_chat(text)
    assert clean_name(text) == ""


def test_a_name_is_trimmed_of_blanks_and_an_id_must_have_none_at_its_ends() -> None:
    for blank in BLANKS:
        assert trim(f"{blank}a b{blank}") == "a b", blank
        for text in (f"{blank}a", f"a{blank}"):
            assert flaw_of_id(text), blank


def test_no_name_begins_with_what_would_be_written_onto_the_text_before_it() -> None:
    assert flaw_of_name("\u0301a") == flaw_of_id("\ufe0fa") == "must not begin with a combining mark"


def test_lengths_are_counted_in_characters() -> None:
    assert (flaw_of_name("x" * 32), flaw_of_id("x" * 64), flaw_of_chat("x" * 500), flaw_of_line("x" * 512)) == (
        None,
    ) * 4
    assert flaw_of_name("x" * 33) == "must have 1-32 characters"
    assert flaw_of_id("x" * 65) == "must have 1-64 characters"
    assert flaw_of_chat("x" * 501) == "must have 1-500 characters"
    assert flaw_of_line("x" * 513) == "must have at most 512 characters"


def test_every_character_that_a_name_may_be_is_printed_on_one_line() -> None:
    names = [character for character in map(chr, range(sys.maxunicode + 1)) if flaw_of_name(character) is None]
    assert {unicodedata.category(name) for name in names}.isdisjoint({"Cc", "Cs", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
    assert all(len(name.splitlines()) == 1 for name in names)


texts = st.text(st.characters() | st.sampled_from(CONTROLS + DIRECTIONS + BLANKS + SURROGATES + ["\u0301", "\u200d"]))


@given(texts)
def test_what_has_been_cleaned_has_no_flaw_and_stays_as_it_is(text: str) -> None:
    name, line, chat = clean_name(text), clean_line(text), clean_chat(text)
    assert (clean_name(name), clean_line(line), clean_chat(chat)) == (name, line, chat)
    assert not name or flaw_of_name(name) in (None, "must have 1-32 characters")
    assert flaw_of_line(line, most=len(line)) is None
    (name + line + chat).encode()


@given(texts)
def test_a_name_without_flaw_is_the_same_when_it_is_trimmed_again(text: str) -> None:
    assert trim(trim(text)) == trim(text)
