import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.identity import Malformed
from functions.rooms.words import Lists, Reading, Word, cover


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("BaD", "bad"),
        ("ｂａｄ", "bad"),
        ("ⓑⓐⓓ", "bad"),
        ("b\u200ba\u00add\ufeff", "bad"),
        ("b.a - d!", "bad"),
        ("b\U0001f600a\nd", "bad"),
        ("b\u0337a\u0337d\u20de", "bad"),
        ("b\ufe0fad\U0001f3fd", "bad"),
        ("oﬀ", "off"),
        ("Straße", "strasse"),
        ("cafe\u0301", "café"),
        ("cafe\u200b\u0301", "café"),
        ("ﾊﾞｶ", "バカ"),
        ("바보", "바보"),
        ("ㅂㅏㅂㅗ", "바보"),
        ("바\u3164보", "바보"),
        ("كَلْب", "كلب"),
        ("كـلب", "كلب"),
        ("坏 人", "坏人"),
        ("นี้", "นี้"),
        ("№ 5", "no5"),
        ("", ""),
        ("\u0301", ""),
        ("!?", ""),
    ],
)
def test_what_looks_the_same_is_read_the_same(text: str, letters: str) -> None:
    assert Reading.of(text).letters == letters


@pytest.mark.parametrize(("one", "other"), [("é", "e"), ("й", "и"), ("が", "か"), ("а", "a"), ("ñ", "n")])
def test_letters_of_their_own_stay_what_they_are(one: str, other: str) -> None:
    assert Reading.of(one).letters != Reading.of(other).letters
    assert Reading.of(unicodedata.normalize("NFD", one)).letters == Reading.of(one).letters


def test_each_letter_knows_which_characters_it_came_from() -> None:
    reading = Reading.of("e\u0301\u200bﬃ.x")
    assert reading.letters == "éffix"
    assert list(zip(reading.starts, reading.ends, strict=True)) == [(0, 2), (3, 4), (3, 4), (3, 4), (5, 6)]
    assert reading.breaks == [0, 0, 0, 0, 1, 1]


def test_a_literal_reading_passes_over_nothing_that_can_be_seen() -> None:
    assert Reading.literal("A$\u200b$ ．").letters == "a$$ ."


@given(st.text(max_size=40))
def test_reading_character_by_character_composes_all_that_the_whole_text_would(text: str) -> None:
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    expected = "".join(Reading.of(character).letters for character in folded)
    assert Reading.of(text).letters == expected


def test_every_character_there_is_can_be_read_and_is_its_own_reading() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    assigned = [character for character in characters if unicodedata.category(character) not in ("Cn", "Co", "Cs")]
    readings = [(character, Reading.of(character).letters) for character in assigned]
    assert [character for character, letters in readings if Reading.of(letters).letters != letters] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Bad", Word("bad")),
        (" bad ", Word("bad")),
        ("bad \u200b", Word("bad")),
        ("no way", Word("noway", frozenset({2}))),
        ("don't", Word("dont", frozenset({3}))),
        ("f**k", Word("fk", frozenset({1}))),
        ("a$$", Word("a$$", literal=True)),
        ("Ｃ＋＋", Word("c++", literal=True)),
        ("\U0001f595\U0001f3fd", Word("\U0001f595", literal=True)),
    ],
)
def test_a_word_with_a_symbol_at_an_end_is_taken_as_it_stands(text: str, word: Word) -> None:
    assert Word.parse(text) == word


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "can be seen"),
        ("   ", "can be seen"),
        ("\u200b\u2060", "can be seen"),
        ("\u0301", "can be seen"),
        ("x" * 65, "1-64 characters"),
        ("a\x00b", "control character"),
        ("a\ud800", "control character"),
        ("***", "only between letters"),
        ("f***", "only between letters"),
    ],
)
def test_what_can_be_no_word_is_malformed(text: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        Word.parse(text)


def test_the_first_word_that_is_none_is_named() -> None:
    with pytest.raises(Malformed, match=r"reject\[1\], '\\u200b': a word has"):
        Lists(("fine",), ("fine", "\u200b", "")).check()


def test_a_word_that_is_much_too_long_is_not_quoted_in_full() -> None:
    with pytest.raises(Malformed) as caught:
        Lists(("x" * 5000,)).check()
    assert len(str(caught.value)) < 200


def test_ten_thousand_words_are_enough() -> None:
    half = tuple(f"word{number}" for number in range(5000))
    Lists(half, half).check()
    with pytest.raises(Malformed, match="at most 10000 words together"):
        Lists(half, (*half, "more")).check()


def test_a_cover_is_as_long_as_what_it_covers() -> None:
    assert cover("abcdef", [(1, 3), (2, 4), (5, 6)]) == "a***e*"
