"""What the platform's own function is asked about a chat before it is shown, and what it may answer.

    {"action": "allow"}
    {"action": "deny", "reason": "no phone numbers, please"}
    {"action": "change", "text": "call me at ***"}

A denial holds whatever is wrong with its reason. Everything else that is not one of these is no answer.
"""

import json
from dataclasses import dataclass
from typing import Any

from functions.rooms import events
from functions.rooms.text import REASON_LENGTH, clean_line, flaw_of_chat, is_visible

REASON = "the message was not accepted"


class ReviewFailed(Exception):
    """The function gave no answer that can be used, or none in time. The message says why."""


@dataclass(frozen=True)
class Allowed:
    """The chat is shown with this text, which may be another than what was said."""

    text: str


@dataclass(frozen=True)
class Denied:
    """Nobody sees the chat. The sender is told the reason: 1-200 characters on one line."""

    reason: str = REASON


Verdict = Allowed | Denied


def question_about(chat: events.Chat) -> bytes:
    """The event of the function, as JSON: the room, the user, and what was said with listed words masked."""
    who = chat.who
    asked = {
        "activityId": chat.activity_id,
        "userId": who.user_id,
        "username": who.username,
        "avatar": who.avatar,
        "attributes": who.attributes,
        "text": chat.content,
        "extra": chat.extra,
        "to": chat.to,
        "id": chat.client_id,
        "time": chat.time,
    }
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()


def read_answer(body: bytes, said: str) -> Verdict:
    """The verdict about the text `said`; raises ReviewFailed."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise ReviewFailed("the answer is not JSON") from None
    match answer:
        case {"action": "allow"}:
            return Allowed(said)
        case {"action": "deny"}:
            return Denied(_reason(answer.get("reason")))
        case {"action": "change", "text": str(text)}:
            text = text.strip()
            if flaw := flaw_of_chat(text):
                raise ReviewFailed(f"its text {flaw}")
            return Allowed(text)
        case {"errorType": error_type, "errorMessage": message}:  # Lambda's own answer for a function that failed
            raise ReviewFailed(f"the function failed: {error_type}: {message}")
    raise ReviewFailed("the answer has no action allow, deny or change (with a text)")


def _reason(given: Any) -> str:
    reason = clean_line(given)[:REASON_LENGTH].strip() if isinstance(given, str) else ""
    return reason if any(map(is_visible, reason)) else REASON
