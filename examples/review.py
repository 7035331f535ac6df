"""A review of chats, to begin one of your own with. docs/operate.md has what comes in and what may go out.

    make dev REVIEW=examples/review.py

Long numbers are hidden, links are denied, and everything else is allowed.
"""

import re
from typing import Any

LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
NUMBER = re.compile(r"\d[\d ]{5,}\d")


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Review the chat that is in `event["text"]`."""
    text = event["text"]
    if LINK.search(text):
        return {"action": "deny", "reason": "No links, please."}
    hidden = NUMBER.sub(lambda found: "*" * len(found[0]), text)
    return {"action": "allow"} if hidden == text else {"action": "change", "text": hidden}
