from typing import Any

import pytest

from examples.review import handler


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hi", {"action": "allow"}),
        ("I am 25, in 2026", {"action": "allow"}),
        ("see https://x.example", {"action": "deny", "reason": "No links, please."}),
        ("see WWW.x.example", {"action": "deny", "reason": "No links, please."}),
        ("call 555 0100 12!", {"action": "change", "text": "call ***********!"}),
    ],
)
def test_the_example_hides_numbers_and_denies_links(text: str, answer: dict[str, str]) -> None:
    event: dict[str, Any] = {"activityId": 42, "userId": "alice", "text": text}
    assert handler(event, None) == answer
