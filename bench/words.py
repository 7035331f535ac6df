"""The time to look for the sensitive words in a chat, against looking for each word by itself."""

import random
import statistics
import string
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.result import Result, Target
from functions.adapters.redis.words import WordList

MOST_MS = 1.0
LENGTH = 500
HAN = [chr(code) for code in range(0x4E00, 0x5E00)]
QUICK: dict[str, Any] = {"words": 1_000, "looks": 50}


def run(*, words: int = 10_000, looks: int = 500) -> Result:
    """Look `looks` times at each text for so many listed `words`."""
    dice = random.Random(4)
    listed = [_word(dice) for _ in range(words)]
    started = time.perf_counter()
    compiled = WordList(listed[: words // 2], listed[words // 2 :])
    compiling = time.perf_counter() - started
    found = {
        name: (_median_ms(compiled.check, text, looks), _median_ms(_one_by_one(listed), text, looks // 10))
        for name, text in _texts(dice, listed).items()
    }
    worst = max(ours for ours, _ in found.values())
    return Result(
        title=f"{words:,} sensitive words, a chat of {LENGTH} characters",
        columns=("chat", "ms", "one by one, ms", "ratio"),
        rows=[[name, ours, theirs, theirs / ours] for name, (ours, theirs) in found.items()],
        figures={
            "words": words,
            "compileMs": compiling * 1000,
            "chats": [{"name": name, "ms": ours, "oneByOneMs": theirs} for name, (ours, theirs) in found.items()],
        },
        targets=[Target(what="ms for the slowest of these chats", value=worst, most=MOST_MS)],
        notes=[f"The list is compiled in {compiling * 1000:.0f} ms, once for each process and change."],
    )


def _word(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return "".join(dice.choice(string.ascii_lowercase) for _ in range(dice.randint(4, 10)))
    return "".join(dice.choice(HAN) for _ in range(dice.randint(2, 5)))


def _texts(dice: random.Random, words: Sequence[str]) -> Mapping[str, str]:
    letters = string.ascii_lowercase + "  "
    clean = "".join(dice.choice(letters) for _ in range(LENGTH))
    return {
        "Latin": clean,
        "Chinese": "".join(dice.choice(HAN) for _ in range(LENGTH)),
        "full width": "".join(chr(ord(letter) + 0xFEE0) for letter in clean.replace(" ", "x")),
        "ten words in it": (" ".join(dice.choice(words) for _ in range(10)) + " " + clean)[:LENGTH],
        "accents piled up": ("a\u0337" * LENGTH)[:LENGTH],
    }


def _one_by_one(words: Sequence[str]) -> Callable[[str], list[str]]:
    """The plain way. It misses words with spaces, punctuation or invisible characters in them."""

    def look(text: str) -> list[str]:
        folded = text.casefold()
        return [word for word in words if word in folded]

    return look


def _median_ms(look: Callable[[str], object], text: str, times: int) -> float:
    look(text)
    took = []
    for _ in range(max(3, times)):
        started = time.perf_counter()
        look(text)
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000
