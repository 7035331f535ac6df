"""What looking for the sensitive words costs a chat, against looking for them one by one."""

import random
import statistics
import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.result import Result, Target
from functions.adapters.word_list import compile_words

MOST_MS = 1.0
LENGTH = 500
HAN = [chr(code) for code in range(0x4E00, 0x5E00)]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """So many listed words, and so many looks at each text."""

    words: int
    looks: int


FULL = Sizes(words=10_000, looks=500)
QUICK = Sizes(words=1_000, looks=50)


def bench(*, quick: bool) -> Result:
    """Measure."""
    return run(QUICK if quick else FULL)


def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    dice = random.Random(4)
    words = [_word(dice) for _ in range(sizes.words)]
    started = time.perf_counter()
    listed = compile_words(words[: sizes.words // 2], words[sizes.words // 2 :])
    compiling = time.perf_counter() - started
    found = {
        name: (_median_ms(listed.check, text, sizes.looks), _median_ms(_one_by_one(words), text, sizes.looks // 10))
        for name, text in _texts(dice, words).items()
    }
    worst = max(ours for ours, _ in found.values())
    return Result(
        title=f"{sizes.words:,} sensitive words, a chat of {LENGTH} characters",
        columns=("chat", "ms", "one by one, ms", "ratio"),
        rows=[[name, ours, theirs, theirs / ours] for name, (ours, theirs) in found.items()],
        figures={
            "words": sizes.words,
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
    """The plain way, which is blind to spaces, punctuation and invisible characters in between."""

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
