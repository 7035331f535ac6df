import json
from typing import Any

import pytest

from functions.rooms.events import Chat, Who
from functions.rooms.review import REASON, Allowed, Denied, ReviewFailed, question_about, read_answer


def answer(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_the_question_has_the_room_the_user_and_what_was_said() -> None:
    level = {"level": "3"}
    who = Who(user_id="alice", username="Alice", connection_id="c-1", avatar="face", openid="o-1", attributes=level)
    chat = Chat(activity_id=42, time=7, who=who, content="hällo", extra={"replyTo": 1}, to="bob", client_id="c1")
    asked = question_about(chat)
    assert json.loads(asked) == {
        "activityId": 42,
        "userId": "alice",
        "username": "Alice",
        "avatar": "face",
        "attributes": {"level": "3"},
        "text": "hällo",
        "extra": {"replyTo": 1},
        "to": "bob",
        "id": "c1",
        "time": 7,
    }


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ({"action": "allow"}, Allowed("hi")),
        ({"action": "allow", "text": "is not heeded"}, Allowed("hi")),
        ({"action": "change", "text": " ho\n"}, Allowed("ho")),
        ({"action": "deny", "reason": "no links"}, Denied("no links")),
    ],
)
def test_an_answer_is_a_verdict(value: Any, verdict: object) -> None:
    assert read_answer(answer(value), "hi") == verdict


@pytest.mark.parametrize("reason", [None, 7, "", " ", "\u200b", ["no"]])
def test_a_denial_without_a_reason_that_can_be_told_is_a_denial(reason: Any) -> None:
    assert read_answer(answer({"action": "deny", "reason": reason}), "hi") == Denied(REASON)
    assert read_answer(answer({"action": "deny"}), "hi") == Denied(REASON)


def test_a_reason_is_one_line_of_200_characters_at_most() -> None:
    denied = read_answer(answer({"action": "deny", "reason": "a\nb\u202ec\ud800" + "x" * 300}), "hi")
    assert denied == Denied("a?b?c?" + "x" * 194)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"true",
        b'"allow"',
        b"[]",
        b"{}",
        b"{",
        b"\xff",
        b"[" * 100_000,
        answer({"action": "ALLOW"}),
        answer({"action": None}),
        answer({"action": "change"}),
        answer({"action": "change", "text": 5}),
        answer({"action": "change", "text": ""}),
        answer({"action": "change", "text": "\u200b"}),
        answer({"action": "change", "text": "x" * 501}),
        answer({"action": "change", "text": "a\0b"}),
        answer({"action": "change", "text": "\ud800"}),
        answer({"errorType": "KeyError", "errorMessage": "'x'"}),
    ],
)
def test_nothing_else_is_an_answer(body: bytes) -> None:
    with pytest.raises(ReviewFailed):
        read_answer(body, "hi")


def test_a_function_that_failed_is_told_by_its_error() -> None:
    with pytest.raises(ReviewFailed, match="the function failed: KeyError: 'x'"):
        read_answer(answer({"errorType": "KeyError", "errorMessage": "'x'", "stackTrace": []}), "hi")
