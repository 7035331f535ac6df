"""What a hostile or broken client sends: text frames of at most 32 KB, reproducible by their seed."""

import json
import random
from collections.abc import Iterator
from typing import Any

ALPHABET = 'aZ09 {}[]",:\\/\n\t\x00\x1b\x7fé名👋\u200f\u202e\ufeff'
WORDS = ["messageType", "message", "id", "to", "count", "limit", "cursor", "company_id", "openid", "avatar", "nonsense"]
NUMBERS = [0, 1, -1, 3, 4, 5, 6, 7, 8, 4.0, 0.1, 1e308, 2**53, 2**63, -(2**63), 10**400]


def frames(seed: int, count: int) -> Iterator[str]:
    """`count` frames: sound ones, broken JSON, wrong types, huge numbers, control characters, over-long ones."""
    chance = random.Random(seed)
    kinds = [_sound] * 3 + [_odd] * 10 + [_cut] * 4 + [_noise] * 4 + [_long]
    for _ in range(count):
        yield chance.choice(kinds)(chance)


def _sound(chance: random.Random) -> str:
    kind = chance.choice([3, 4, 6, 7])
    frame: dict[str, Any] = {"messageType": kind}
    if kind == 4:
        frame["message"] = "m" + _text(chance, 40)
    if chance.random() < 0.3:
        frame["id"] = f"{chance.randrange(50)}"
    if chance.random() < 0.2:
        frame["to"] = "bob"
    return json.dumps(frame, ensure_ascii=chance.random() < 0.5)


def _odd(chance: random.Random) -> str:
    """An object with the protocol's names and whatever values."""
    frame = {chance.choice(WORDS): _value(chance, 3) for _ in range(chance.randrange(6))}
    if chance.random() < 0.8:
        frame["messageType"] = chance.choice([3, 4, 6, 7])
    return json.dumps(frame)


def _value(chance: random.Random, depth: int) -> Any:
    match chance.randrange(8 if depth else 6):
        case 0:
            return chance.choice(NUMBERS)
        case 1:
            return chance.choice([None, True, False])
        case 2:
            return "\ud800" if chance.random() < 0.3 else _text(chance, 10)
        case 3:
            return _text(chance, 700)
        case 4:
            return chance.randrange(200)
        case 5:
            return _text(chance, 80)
        case 6:
            return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(WORDS): _value(chance, depth - 1) for _ in range(chance.randrange(4))}


def _cut(chance: random.Random) -> str:
    whole = chance.choice([_sound, _odd])(chance)
    start = chance.randrange(len(whole))
    return whole[start : start + chance.randrange(len(whole))]


def _noise(chance: random.Random) -> str:
    return _text(chance, 200)


def _long(chance: random.Random) -> str:
    length = chance.choice([4096, 4097, 10_000, 32_768])
    return chance.choice(["[", '{"a":', "x", " ", "0"]) * (length // 5)


def _text(chance: random.Random, most: int) -> str:
    return "".join(chance.choices(ALPHABET, k=chance.randrange(most + 1)))
