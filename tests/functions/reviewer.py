"""A function that reviews chats, without Lambda."""

import json
from typing import Any


class Reviewer:
    """A function that gives the answers one after another, the last one for ever; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    async def ask(self, question: bytes) -> bytes:
        self.asked.append(json.loads(question))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()
