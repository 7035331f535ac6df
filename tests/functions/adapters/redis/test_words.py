import asyncio
import itertools
import random
import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable, connect
from functions.adapters.redis.shared_list import REFRESH_SECONDS
from functions.adapters.redis.words import WORDS, WordList, Words
from functions.rooms.identity import Malformed
from functions.rooms.reading import Reading
from functions.rooms.words import Lists, Verdict, Word

WORDS_PAGE = Path(__file__).parents[4] / "docs" / "words.md"


class Seconds:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def masked(text: str, *words: str) -> str:
    verdict = WordList(words, ()).check(text)
    assert not verdict.rejected
    return verdict.text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("that is bad", "that is ***"),
        ("BAD Bad", "*** ***"),
        ("ｂａｄ", "***"),
        ("b.a d!", "*****!"),
        ("b  a--d", "*******"),
        ("b\u200bad", "****"),
        ("b\u0337a\u0337d\u0337 x", "****** x"),
        ("b\U0001f600a\U0001f600d", "*****"),
        ("badly, very-bad", "***ly, very-***"),
        ("bbadad", "******"),
        ("a bad b a d day", "a *** ***** day"),
        ("b-a-d坏", "*****坏"),
        ("tab adds", "tab adds"),
        ("b.a.dly", "b.a.dly"),
        ("bäd", "bäd"),
    ],
)
def test_a_word_is_masked_however_it_is_written(text: str, result: str) -> None:
    assert masked(text, "bad") == result


ROWS = re.findall(r"^\| `(.*?)` \| `(.*?)` \| `(.*?)` \|$", WORDS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("word", "text", "result"), ROWS)
def test_the_examples_of_the_page_are_true(word: str, text: str, result: str) -> None:
    assert masked(text, word) == result


def test_the_page_has_examples() -> None:
    assert len(ROWS) > 20


def test_words_are_not_found_across_other_words() -> None:
    assert masked("as sad as sad can be", "ass") == "as sad as sad can be"
    assert masked("다시 발표", "시발") == "다시 발표"


def test_a_phrase_is_found_with_its_own_spaces_anywhere() -> None:
    assert masked("no ways, noway, n.o w.a.y", "no way") == "******s, *****, *********"
    assert masked("no w.ays", "no way") == "no w.ays"


def test_writing_without_spaces_has_no_words_to_be_inside_of() -> None:
    assert masked("他很坏 人们。坏。人", "坏人") == "他很***们。***"


def test_a_character_that_is_several_letters_is_masked_whole() -> None:
    assert masked("oﬃce ½", "fi") == "o*ce ½"
    assert masked("cafe\u0301s", "café") == "*****s"


def test_overlapping_words_are_all_masked() -> None:
    assert masked("abcde", "abc", "cde") == "*****"
    assert masked("badword", "bad", "badword") == "*******"


def test_literal_words_are_found_with_their_symbols_only() -> None:
    assert masked("A$$ a as \U0001f595\U0001f3fd c++ c", "a$$", "\U0001f595", "c++") == "*** a as ** *** c"


def test_a_rejected_word_wins_and_is_masked_too() -> None:
    words = WordList(["bad", "awful"], ["b a d"])
    assert words.check("awful b-a-d") == Verdict("***** *****", rejected=True)
    assert words.check("awful") == Verdict("*****", rejected=False)


def test_one_spelling_listed_twice_keeps_what_each_one_says() -> None:
    words = WordList(["noway"], ["no way"])
    assert words.check("no ways").rejected
    assert WordList(["no way"], ["noway"]).check("no ways") == Verdict("******s", rejected=False)


def test_masking_goes_on_until_nothing_is_left() -> None:
    assert masked("c bad ab", "bad", "cab") == "********"
    deep = "坏" * 20 + "人" * 20
    assert masked(deep, "坏人") == "*" * 40


def test_an_empty_list_changes_nothing() -> None:
    assert WordList((), ()).check("anything *") == Verdict("anything *", rejected=False)


def test_a_word_that_has_become_none_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert WordList(["\u200b", "bad"], ()).check("bad") == Verdict("***", rejected=False)
    assert "is not looked for" in caplog.text


def test_letters_of_any_length_in_utf8_are_found_at_their_place() -> None:
    text = "x é 坏人 \U00020000\U00020001 z"
    assert masked(text, "é", "坏人", "\U00020000\U00020001") == "x * ** ** z"


# Each character of this alphabet stands by itself, and folds into one letter or none.
ALPHABET = "abAB𝐚ｂé坏人다시 .*\u200b\U0001f600"
texts = st.text(ALPHABET, max_size=12)


def is_word(text: str) -> bool:
    try:
        Word.parse(text)
    except Malformed:
        return False
    return True


word_lists = st.lists(st.text(ALPHABET, min_size=1, max_size=4).filter(is_word), max_size=4)


def naive_mask(text: str, words: Sequence[str]) -> str:
    """The same by trying every part of the text against every word."""
    hits: set[int] = set()
    for (start, end), word in itertools.product(itertools.combinations(range(len(text) + 1), 2), words):
        part = text[start:end]
        if _naive_letter(part[0], word) and _naive_letter(part[-1], word) and _naive_match(text, start, end, word):
            hits |= set(range(start, end))
    result = "".join("*" if index in hits else character for index, character in enumerate(text))
    return result if result == text else naive_mask(result, words)


def _naive_fold(text: str, *, literal: bool) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u200b", "")
    return folded if literal else "".join(character for character in folded if character.isalnum())


def _is_literal(word: str) -> bool:
    visible = _naive_fold(word.strip(), literal=True)
    return not (visible[0].isalnum() and visible[-1].isalnum())


def _naive_letter(character: str, word: str) -> bool:
    return bool(_naive_fold(character, literal=_is_literal(word)))


def _naive_match(text: str, start: int, end: int, word: str) -> bool:
    word, part = word.strip(), text[start:end]
    if _is_literal(word):
        return _naive_fold(part, literal=True) == _naive_fold(word, literal=True).strip()
    if _naive_fold(part, literal=False) != _naive_fold(word, literal=False):
        return False
    return _naive_gaps(part) <= _naive_gaps(word) or (_naive_edge(text, start) and _naive_edge(text, end))


def _naive_gaps(text: str) -> set[int]:
    """After how many letters something stands that is none."""
    letters = [character.isalnum() for character in text if character != "\u200b"]
    return {sum(letters[:index]) for index, is_letter in enumerate(letters) if not is_letter}


def _naive_edge(text: str, index: int) -> bool:
    before, after = text[:index].replace("\u200b", "")[-1:], text[index:].replace("\u200b", "")[:1]
    return not (before.isalnum() and after.isalnum()) or bool({before, after} & set("坏人"))


@given(texts, word_lists)
def test_it_masks_what_trying_every_part_of_the_text_would_mask(text: str, words: list[str]) -> None:
    assert WordList(words, ()).check(text).text == naive_mask(text, words)


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=5).filter(is_word), max_size=5))
def test_a_masked_text_is_as_long_as_before_and_stays_as_it_is(text: str, words: list[str]) -> None:
    half = len(words) // 2
    listed = WordList(words[:half], words[half:])
    verdict = listed.check(text)
    assert len(verdict.text) == len(text)
    assert listed.check(verdict.text) == Verdict(verdict.text, rejected=False)
    assert all(new in (old, "*") for old, new in zip(text, verdict.text, strict=True))


@given(st.text("xyzX .\u200b坏", max_size=60))
def test_a_text_without_a_listed_letter_is_left_alone(text: str) -> None:
    assert WordList(["bad", "人"], ["다시"]).check(text) == Verdict(text, rejected=False)


def test_a_whole_word_that_rejects_is_seen_behind_a_longer_one_that_masks() -> None:
    words = WordList(["no bad"], ["=bad", "=坏"])
    assert words.check("no bad") == Verdict("******", rejected=True)
    assert words.check("no badly") == Verdict("******ly", rejected=False)
    assert words.check("很坏的").rejected


@given(st.text("ab' .", max_size=30))
def test_a_whole_word_is_found_where_the_same_word_is_found_and_words_end(text: str) -> None:
    anywhere, whole = masked(text, "ab"), masked(text, "=ab")
    assert all(one in (other, "*") for one, other in zip(anywhere, whole, strict=True))
    for found in re.finditer(r"(?<![ab'.])ab(?![ab'.])", text):
        assert whole[found.start() : found.end()] == "**"


@pytest.mark.parametrize(
    "text",
    ["b" + "\u0337" * 499, "b" + "\u0e47" * 499, "🇧🇷" * 125, "👨\u200d" * 250, "a " * 250, "a'" * 250, "a" * 500],
)
def test_no_text_makes_many_words_dear(text: str) -> None:
    """Counted, not timed: how often a word is tried is bounded by the text and the lengths of words."""
    tries = 0

    class Counting(Word):
        def fits(self, reading: Reading, start: int) -> bool:
            nonlocal tries
            tries += 1
            return super().fits(reading, start)

    words = WordList(["a" * length for length in range(2, 64)], [])
    for _, automaton in words._automata:
        for entries in automaton.values():
            entries[:] = [(Counting(word.letters), reject) for word, reject in entries]
    assert len(words.check(text).text) == len(text)
    assert tries <= len(text) * 64


@given(st.text(ALPHABET + "\U0001f1f7\U0001f1fa='", max_size=32), word_lists)
def test_a_list_for_names_masks_what_any_other_does(text: str, words: list[str]) -> None:
    half = len(words) // 2
    lists = words[:half], words[half:]
    assert WordList(*lists, for_names=True).check(text) == WordList(*lists).check(text)


def test_a_name_is_remembered_masked() -> None:
    words = WordList(["darn"], ["spam"])
    assert [words.masked_name(name) for name in ("MrDarn", "spam", "bob")] == ["Mr****", "****", "bob"]
    assert words.masked_name.cache_info().currsize == 3


def test_a_list_of_ten_thousand_words_finds_every_one_of_them() -> None:
    dice = random.Random(3)
    words = list({"".join(dice.choices("abcdefghij坏人다시", k=dice.randint(5, 9))) for _ in range(10_000)})
    listed = WordList((), words)
    assert all(listed.check(f"x {word} x").rejected for word in dice.sample(words, 300))


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def words(redis: RedisCluster, seconds: Seconds) -> Words:
    return Words(redis, clock=seconds)


@pytest.fixture
async def other(clean_redis: str) -> AsyncIterator[Words]:
    """Another process' words."""
    client = connect(clean_redis)
    yield Words(client)
    await client.aclose()


async def says(words: Words, text: str = "bad") -> str:
    return (await words.current()).check(text).text


async def comes_to_say(words: Words, expected: str) -> None:
    async with asyncio.timeout(10):
        while await says(words) != expected:
            await asyncio.sleep(0)


async def test_without_a_list_nothing_is_masked(words: Words) -> None:
    assert await says(words) == "bad"
    assert await words.read() == Lists()


async def test_what_is_written_can_be_read(words: Words, other: Words) -> None:
    lists = Lists(("bad", "坏人"), ("\U0001f595",))
    await other.write(lists)
    assert await words.read() == lists


async def test_a_change_is_in_force_elsewhere_within_seconds(words: Words, other: Words, seconds: Seconds) -> None:
    assert await says(words) == "bad"
    await other.write(Lists(mask=("bad",)))
    seconds.now += 2.1
    await comes_to_say(words, "***")
    await other.write(Lists())
    seconds.now += 2.1
    await comes_to_say(words, "bad")


async def test_a_change_is_not_looked_for_more_than_once_in_two_seconds(
    words: Words, other: Words, seconds: Seconds, admin: RedisCluster
) -> None:
    await other.write(Lists(mask=("bad",)))
    first = await words.current()
    calls = await calls_of_hget(admin)
    seconds.now += 1.9
    assert all([await words.current() is first for _ in range(50)])
    assert await calls_of_hget(admin) == calls


async def test_an_old_list_is_served_while_one_refresh_is_under_way(
    words: Words, other: Words, seconds: Seconds, admin: RedisCluster
) -> None:
    first = await words.current()
    await other.write(Lists(mask=("bad",)))
    calls = await calls_of_hget(admin)
    seconds.now += 2.1
    # Nothing else gets a turn in between, so whoever asks cannot have waited for Redis.
    assert [await words.current() for _ in range(50)] == [first] * 50
    await comes_to_say(words, "***")
    assert await calls_of_hget(admin) == calls + 1


async def test_who_waits_for_redis_anyway_uses_no_list_that_was_not_confirmed(
    redis: RedisCluster, other: Words, seconds: Seconds
) -> None:
    words = Words(redis, clock=seconds, stale_seconds=REFRESH_SECONDS)
    assert await says(words) == "bad"
    await other.write(Lists(mask=("bad",)))
    seconds.now += 2.1
    assert await says(words) == "***"


async def test_a_process_that_slept_asks_before_it_serves(words: Words, other: Words, seconds: Seconds) -> None:
    assert await says(words) == "bad"
    await other.write(Lists(mask=("bad",)))
    seconds.now += 600
    assert await says(words) == "***"


async def test_a_clock_that_jumped_back_does_not_keep_a_list_for_ever(
    words: Words, other: Words, seconds: Seconds
) -> None:
    assert await says(words) == "bad"
    await other.write(Lists(mask=("bad",)))
    seconds.now -= 3600
    assert await says(words) == "***"


async def test_a_list_that_did_not_change_is_not_compiled_again(words: Words, other: Words, seconds: Seconds) -> None:
    await other.write(Lists(mask=("bad",)))
    first = await words.current()
    await other.write(Lists(mask=("bad",)))
    seconds.now += 600
    assert await words.current() is first


async def test_words_that_redis_lost_stay_in_force(
    words: Words, other: Words, seconds: Seconds, redis: RedisCluster
) -> None:
    await other.write(Lists(mask=("bad",)))
    assert await says(words) == "***"
    await redis.delete(WORDS)
    seconds.now += 600
    assert await says(words) == "***"


async def test_the_words_are_never_evicted(words: Words, redis: RedisCluster) -> None:
    await words.write(Lists(mask=("bad",)))
    assert await redis.ttl(WORDS) == -1


async def test_the_first_list_is_waited_for_by_all_who_ask(words: Words, other: Words, admin: RedisCluster) -> None:
    await other.write(Lists(mask=("bad",)))
    calls = await calls_of_hget(admin)
    assert await asyncio.gather(*(says(words) for _ in range(20))) == ["***"] * 20
    assert await calls_of_hget(admin) == calls + 1


async def test_without_redis_there_is_no_first_list() -> None:
    away = Words(connect("redis://127.0.0.1:1"))
    for call in (away.current(), away.read(), away.write(Lists())):
        with pytest.raises(StateUnavailable):
            await call


async def test_the_last_known_words_stay_in_force_while_redis_is_away(
    words: Words,
    seconds: Seconds,
    redis: RedisCluster,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await words.write(Lists(mask=("bad",)))
    assert await says(words) == "***"

    async def away(*_: object) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(redis, "hget", away)
    seconds.now += 600
    assert await says(words) == "***"
    assert "the old ones stay in force" in caplog.text


async def calls_of_hget(admin: RedisCluster) -> int:
    """How often anybody asked this Redis for a field."""
    nodes = admin.get_primaries() or (await admin.initialize()).get_primaries()
    stats = [await admin.info("commandstats", target_nodes=node) for node in nodes]
    return sum(int(each.get("cmdstat_hget", {}).get("calls", 0)) for each in stats)
