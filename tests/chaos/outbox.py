"""What a client has sent and does not know the outcome of: it sends it again under its id until it knows."""

import json
import time
from collections.abc import Callable, Iterator

from tests.chaos.history import Object, Outcome, Sending

ANSWER_SECONDS = 10.0  # after so long without a reply, as live.js does
CHAT, LIKE = 4, 6


class Outbox:
    """`sendings` has everything that was ever sent."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.sendings: list[Sending] = []
        self._clock = clock
        self._open: dict[str, tuple[Sending, float]] = {}  # by id, with the time of the next try

    def __len__(self) -> int:
        return len(self._open)

    def add(self, sending: Sending) -> None:
        """Send it with the next call of `due`."""
        self.sendings.append(sending)
        self._open[sending.id] = (sending, 0.0)

    def due(self) -> Iterator[str]:
        """The frames to send now; each counts as a try."""
        now = self._clock()
        for id_, (sending, at) in list(self._open.items()):
            if at <= now:
                sending.tries.append(now)
                self._open[id_] = (sending, now + ANSWER_SECONDS)
                yield json.dumps(frame(sending))

    def lost_connection(self) -> None:
        """Replies that were on their way do not come any more: try everything again on the next connection."""
        self._open = {id_: (sending, 0.0) for id_, (sending, _) in self._open.items()}

    def take(self, reply: Object) -> None:
        """Settle a frame, or decide when to repeat it."""
        sending, _ = self._open.get(str(reply.get("id")), (None, 0.0))
        if sending is None:
            return
        if reply["ok"]:
            sending.seq = reply.get("seq")
            self._settle(sending, Outcome.ACKNOWLEDGED)
            return
        sending.error = reply["error"]
        if reply["error"] == "unavailable" or len(sending.tries) > 1:
            # It may have been done, so only "ok" says more. A refusal may be about the repetition alone.
            self._open[sending.id] = (sending, self._clock() + max(1, reply.get("retryAfter", 1)))
        else:
            self._settle(sending, Outcome.REFUSED)

    def _settle(self, sending: Sending, outcome: Outcome) -> None:
        sending.outcome, sending.settled = outcome, self._clock()
        del self._open[sending.id]


def frame(sending: Sending) -> Object:
    if sending.kind == "like":
        return {"messageType": LIKE, "id": sending.id, "count": sending.count}
    to = {} if sending.to is None else {"to": sending.to}
    return {"messageType": CHAT, "id": sending.id, "message": sending.text, **to}
