"""The frames that a viewer has sent, held against docs/asyncapi.yaml."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.asyncapi.document import check_sent

Object = dict[str, Any]

REPLY, WHO = 0, 3
# Errors about the frame itself, which tests provoke.
OF_ITS_FORM = ("bad_json", "bad_type", "bad_field", "too_long")


class SentFrames:
    """A frame with an `id` is checked when it is answered, unless it was refused for its form; one without an `id` at
    once. Methods raise AssertionError for a frame that the document does not have."""

    def __init__(self) -> None:
        self._unanswered: dict[str, list[Object]] = defaultdict(list)

    def add(self, frame: Object) -> None:
        if isinstance(frame.get("id"), str):
            self._unanswered[frame["id"]].append(frame)
        else:
            check_sent(frame)

    def are_answered_by(self, objects: Iterable[Object]) -> None:
        """Check the frames that these objects of the rooms answer. A classic list of users answers by itself."""
        for said in objects:
            if said.get("messageType") in (REPLY, WHO) and (waiting := self._unanswered.get(said.get("id", ""))):
                frame = waiting.pop(0)
                if said.get("error") not in OF_ITS_FORM:
                    check_sent(frame)
