import json
from typing import Any

import pytest

from functions.rooms.attributes import flaw_of_attributes, pack_attributes, unpack_attributes

SIXTEEN = {f"n{number}": "x" for number in range(16)}
FULL = {"a": "x" * 503, "b": "é" * 253}


@pytest.mark.parametrize("value", [{}, {"role": "host"}, SIXTEEN, {"level": ""}, {"a": '"\\'}, {"徽章": "👑"}, FULL])
def test_attributes_are_few_texts_and_come_back_as_they_were(value: dict[str, str]) -> None:
    assert flaw_of_attributes(value) is None
    assert unpack_attributes(pack_attributes(value)) == value


def test_the_full_size_is_the_most() -> None:
    assert len(pack_attributes(FULL).encode()) == 1024


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        (None, "must be an object of texts"),
        ([], "must be an object of texts"),
        ("host", "must be an object of texts"),
        ({"level": 12}, "must be an object of texts"),
        ({"level": None}, "must be an object of texts"),
        ({"a": {"b": "c"}}, "must be an object of texts"),
        (SIXTEEN | {"one more": "x"}, "must have at most 16 entries"),
        (FULL | {"c": ""}, "must have at most 1024 bytes as JSON"),
        ({"": "x"}, "has a name that must have 1-64 characters"),
        ({"n" * 65: "x"}, "has a name that must have 1-64 characters"),
        ({"a\tb": "x"}, "has a name that must hold no control character, such as U+0009"),
        ({"a": "x" * 513}, "has a text that must have at most 512 characters"),
        ({"a": "x\ny"}, "has a text that must hold no control character, such as U+000A"),
        ({"a": "\u202ehost"}, "has a text that must hold no direction control, such as U+202E"),
        (json.loads('{"a": "\\ud83d"}'), "has a text that must hold no half of a surrogate pair, such as U+D83D"),
        (json.loads('{"\\ud83d": "a"}'), "has a name that must hold no half of a surrogate pair, such as U+D83D"),
    ],
)
def test_each_bound_is_told_by_name(value: Any, flaw: str) -> None:
    assert flaw_of_attributes(value) == flaw


def test_nobody_has_no_text() -> None:
    assert (pack_attributes({}), unpack_attributes("")) == ("", {})
