import json
from typing import Any

import pytest

from functions.rooms.events import Properties
from functions.rooms.json_value import packed
from functions.rooms.properties import (
    PATCHED_AT_MOST,
    TOLD_BYTES,
    digest_of_patch,
    flaw_of_patch,
    parted,
    read_patched,
    valid_changes,
)
from functions.rooms.records import parse_record


def test_a_patch_within_its_bounds_has_no_flaw() -> None:
    for patch in (
        {},
        {"a": None},
        {"徽章 1": {"a": [None, 1.5]}},
        {"a": "x" * 1022},
        {str(n): 1 for n in range(PATCHED_AT_MOST)},
        {"a" * 64: 1},
    ):
        assert flaw_of_patch(patch) is None, patch


def test_each_bound_is_named() -> None:
    deep = json.loads('{"a":' * 33 + "1" + "}" * 33)
    cases: list[tuple[Any, str]] = [
        ([], "must be an object"),
        (None, "must be an object"),
        ("x", "must be an object"),
        ({str(n): 1 for n in range(PATCHED_AT_MOST + 1)}, "at most 64 properties"),
        ({"": 1}, "name must have 1-64 characters"),
        ({"a" * 65: 1}, "name must have 1-64 characters"),
        ({" a": 1}, "name must not begin or end with a blank"),
        ({"a\n": 1}, "name must hold no control character"),
        ({"a": "x" * 1023}, "the property a, which must have at most 1024 bytes"),
        ({"a": deep}, "the property a, which must have at most 32 levels"),
        ({"a": float("inf")}, "the property a, which must hold no number beyond"),
        ({"a": "\ud83d"}, "the property a, which must hold no half of a surrogate"),
    ]
    for patch, said in cases:
        assert said in (flaw_of_patch(patch) or ""), patch


def test_of_a_record_only_what_keeps_the_bounds_is_taken() -> None:
    said: dict[str, Any] = {"a": 1, "": 2, "b": None, "c": "x" * 2000, "d": {"e": [None]}}
    assert valid_changes(said) == {"a": 1, "b": None, "d": {"e": [None]}}
    for value in (None, [], "x", 7, ["a"]):
        assert valid_changes(value) == {}, value
    assert len(valid_changes({str(number): 1 for number in range(1000)})) == PATCHED_AT_MOST


def test_a_record_of_any_data_is_an_event_with_what_is_valid_of_it() -> None:
    for data, expected in (({"a": 1, " b": 1}, {"a": 1}), (None, {}), ([1], {}), ("x", {})):
        record = json.dumps({"activityId": 42, "messageType": "14", "data": data}).encode()
        event = parse_record(record, seq=1, timestamp=1)
        assert isinstance(event, Properties)
        assert event.data == expected, data


def test_changes_are_parted_only_if_they_are_very_many() -> None:
    assert list(parted({})) == []
    assert list(parted({"a": 1, "b": None})) == [{"a": 1, "b": None}]
    many: dict[str, Any] = {f"{number:03}" + "é" * 61: None for number in range(300)}
    parts = list(parted(many))
    assert {name: value for part in parts for name, value in part.items()} == many
    assert 1 < len(parts) < 5
    assert max(len(packed(part).encode()) for part in parts) <= TOLD_BYTES


def test_two_patches_are_told_apart_whatever_the_order_of_their_names() -> None:
    assert digest_of_patch({"a": 1, "b": {"c": 1, "d": 2}}) == digest_of_patch({"b": {"d": 2, "c": 1}, "a": 1})
    assert digest_of_patch({"a": 1}) != digest_of_patch({"a": None}) != digest_of_patch({})


def test_an_answer_that_no_script_gives_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        read_patched(["what"])
