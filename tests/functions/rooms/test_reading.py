import pytest

from functions.rooms.graphemes import graphemes, role_of
from functions.rooms.reading import Reading


@pytest.mark.parametrize(
    "parts",
    [
        ["a", "b"],
        ["e\u0301", "x"],
        ["🇩🇪", "🇫🇷", "🇺"],
        ["👩‍👩‍👧", "👩", "👧"],
        ["👍🏽", "👍"],
        ["👩🏽‍🚀", "x"],
        ["❤️‍🔥", "❤️"],
        ["🙂‍↔️", "x"],
        ["🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴"],
        ["1️⃣", "1"],
        ["ก็", "ด"],
        ["b\u0489", "a\u0e47"],
        ["各", "각"],
    ],
)
def test_a_text_is_cut_into_what_a_reader_sees(parts: list[str]) -> None:
    text = "".join(parts)
    assert [text[start:end] for start, end in graphemes(text, [role_of(each) for each in text])] == parts


def test_what_is_invisible_is_in_no_grapheme() -> None:
    text = "🖕\u200d\ufe0f\u200b🖕 \u200da\U000e0041"
    found = [text[start:end] for start, end in graphemes(text, [role_of(each) for each in text])]
    assert Reading(text, literal=True).letters == "🖕🖕 a"
    assert len(found) == 4


@pytest.mark.parametrize(
    "mark", ["\u0301", "\u0489", "\u20dd", "\u0e47", "\u0e35", "\u093f", "\u064b", "\u05b0", "\u302a", "\u1a60"]
)
def test_a_mark_of_another_script_or_of_all_scripts_hides_no_letter(mark: str) -> None:
    assert Reading(f"x{mark}q{mark}").letters == "xq"


@pytest.mark.parametrize("text", ["กี", "कि", "নি", "តិ", "சி", "ދި"])
def test_a_vowel_sign_of_the_letters_own_script_is_part_of_the_word(text: str) -> None:
    assert Reading(text).letters == text


@pytest.mark.parametrize(
    ("one", "other"), [("KILIÇ", "kılıç"), ("İzmir", "izmir"), ("ΚΑΚΟΣ", "κακός"), ("STRASSE", "straße"), ("ԵՒ", "և")]
)
def test_case_makes_no_difference_in_any_language(one: str, other: str) -> None:
    assert len({Reading(form).letters for form in (one, other, one.lower(), other.upper())}) == 1


@pytest.mark.parametrize("joiner", [*"'`´‘’‛′ʹʻʼʽʾʿˈ＇.:·_", "__", "\u200b'"])
def test_words_are_not_parted_where_unicode_does_not_part_them(joiner: str) -> None:
    reading = Reading(f"let{joiner}s")
    assert reading.letters == "lets"
    assert not reading.parts_words(3)


@pytest.mark.parametrize("parting", [*" ,;!?-/*\n\u3000🙂", "''", "' ", " '", "..", "'.", "$"])
def test_other_symbols_part_words(parting: str) -> None:
    reading = Reading(f"let{parting}s")
    assert reading.letters == "lets"
    assert reading.parts_words(3)


def test_numbers_are_parted_by_other_symbols_than_words() -> None:
    assert not Reading("3,5").parts_words(1)
    assert not Reading("3.5").parts_words(1)
    assert Reading("a,b").parts_words(1)
    assert Reading("3:5").parts_words(1)
    assert Reading("a.5").parts_words(1)
