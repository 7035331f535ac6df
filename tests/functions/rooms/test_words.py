import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.rooms.identity import Malformed
from functions.rooms.reading import Reading
from functions.rooms.words import Lists, Word, cover
from tests.functions.rooms.refusals import not_refused


def test_what_looks_the_same_is_read_the_same() -> None:
    readings = [
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
    ]
    assert [(text, Reading(text).letters) for text, _ in readings] == readings


def test_letters_of_their_own_stay_what_they_are() -> None:
    for one, other in (("é", "e"), ("й", "и"), ("が", "か"), ("а", "a"), ("ñ", "n")):
        assert Reading(one).letters != Reading(other).letters, one
        assert Reading(unicodedata.normalize("NFD", one)).letters == Reading(one).letters, one


def test_each_letter_knows_which_characters_it_came_from() -> None:
    reading = Reading("e\u0301\u200bﬃ.x")
    assert reading.letters == "éffix"
    assert list(zip(reading.starts, reading.ends, strict=True)) == [(0, 2), (3, 4), (3, 4), (3, 4), (5, 6)]
    assert reading.breaks == [0, 0, 0, 0, 1, 1]


def test_a_literal_reading_passes_over_nothing_that_can_be_seen() -> None:
    assert Reading("A$\u200b$ ．", literal=True).letters == "a$$ ."


# What is composed and parted, and vowel signs, which are letters behind one of their own script alone.
_COMPOSED = st.one_of(st.characters(categories=["Mn", "Mc"]), st.sampled_from("กาำຳäßİıAe한한ﬃ"))


@given(st.one_of(st.text(max_size=40), st.text(_COMPOSED, max_size=8)))
@example("กั")
def test_reading_grapheme_by_grapheme_composes_all_that_the_whole_text_would(text: str) -> None:
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    assert Reading(text).letters == Reading(folded).letters


def test_every_character_there_is_can_be_read_and_is_its_own_reading() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    assigned = [character for character in characters if unicodedata.category(character) not in ("Cn", "Co", "Cs")]
    readings = {character: Reading(character).letters for character in assigned}
    changed = {letters for character, letters in readings.items() if letters != character}
    others = {letters for letters in changed if readings.get(letters) != letters}
    assert [letters for letters in others if Reading(letters).letters != letters] == []


def test_a_word_with_a_symbol_at_an_end_is_taken_as_it_stands() -> None:
    words = [
        ("Bad", Word("bad")),
        (" bad ", Word("bad")),
        ("bad \u200b", Word("bad")),
        ("no way", Word("noway", frozenset({2}))),
        ("don't", Word("dont", frozenset({3}))),
        ("f**k", Word("fk", frozenset({1}))),
        ("a$$", Word("a$$", literal=True)),
        ("Ｃ＋＋", Word("c++", literal=True)),
        ("\U0001f595\U0001f3fd", Word("\U0001f595", literal=True)),
    ]
    assert [(text, Word.parse(text)) for text, _ in words] == words


def test_what_can_be_no_word_is_malformed() -> None:
    words = [
        ("", "1-64 characters"),
        ("   ", "something visible"),
        ("\u200b\u2060", "something visible"),
        ("\u0301", "something visible"),
        ("x" * 65, "at most 64 characters"),
        ("a\x00b", "control character"),
        ("a\ud800", "surrogate"),
        ("***", "only between letters"),
        ("f***", "only between letters"),
    ]
    assert [text for text, why in words if not_refused(Word.parse, [text], Malformed, why)] == []


def test_the_first_word_that_is_none_is_named() -> None:
    with pytest.raises(Malformed, match=r"reject\[1\], '\\u200b': a word must hold something visible"):
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
