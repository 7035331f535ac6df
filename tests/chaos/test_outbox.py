"""The three outcomes of a frame, as a client learns them."""

import json

from tests.chaos.history import Object, Outcome, Sending
from tests.chaos.outbox import ANSWER_SECONDS, Outbox


class Sender:
    """An outbox with one chat, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.outbox = Outbox(lambda: self.now)
        self.chat = Sending(user="u", id="c", text="hello")
        self.outbox.add(self.chat)

    def sent(self, seconds: float = 0) -> list[Object]:
        """The frames that are due after so long."""
        self.now += seconds
        return [json.loads(frame) for frame in self.outbox.due()]

    def reply(self, **fields: object) -> None:
        self.outbox.take({"messageType": 0, "id": "c", **fields})


def test_an_acknowledged_chat_has_the_seq_of_its_reply_and_is_sent_once() -> None:
    sender = Sender()
    assert sender.sent() == [{"messageType": 4, "id": "c", "message": "hello"}]
    sender.reply(ok=True, seq=7)
    assert (sender.chat.outcome, sender.chat.seq, sender.chat.settled) == (Outcome.ACKNOWLEDGED, 7, 1000)
    assert sender.sent(60) == []
    assert len(sender.outbox) == 0


def test_a_chat_that_was_refused_at_once_is_certainly_not_done() -> None:
    sender = Sender()
    sender.sent()
    sender.reply(ok=False, error="frozen")
    assert (sender.chat.outcome, sender.chat.error) == (Outcome.REFUSED, "frozen")
    assert sender.sent(60) == []


def test_after_unavailable_it_is_repeated_under_its_id_until_it_is_acknowledged() -> None:
    sender = Sender()
    [first] = sender.sent()
    sender.reply(ok=False, error="unavailable", retryAfter=2)
    assert sender.sent(1.9) == []
    assert sender.sent(0.2) == [first]
    # The repetition is refused, and the first may be done all the same.
    sender.reply(ok=False, error="slow_mode", retryAfter=1)
    assert sender.chat.outcome is Outcome.UNKNOWN
    assert sender.sent(1.1) == [first]
    sender.reply(ok=True, seq=9)
    assert (sender.chat.outcome, len(sender.chat.tries)) == (Outcome.ACKNOWLEDGED, 3)


def test_without_a_reply_it_is_repeated_after_a_while_and_on_the_next_connection_at_once() -> None:
    sender = Sender()
    [first] = sender.sent()
    assert sender.sent(ANSWER_SECONDS - 1) == []
    assert sender.sent(1) == [first]
    sender.outbox.lost_connection()
    assert sender.sent() == [first]
    assert sender.chat.outcome is Outcome.UNKNOWN


def test_replies_to_others_and_late_ones_change_nothing() -> None:
    sender = Sender()
    sender.sent()
    sender.outbox.take({"messageType": 0, "ok": False, "error": "bad_json"})
    sender.reply(ok=True, seq=7)
    sender.reply(ok=False, error="unavailable")
    assert sender.chat.outcome is Outcome.ACKNOWLEDGED
