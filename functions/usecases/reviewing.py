"""Lets the platform's own function review a chat before it is shown.

The chat is accepted already: its rate is paid, the words are masked, and its id is taken. So a flood asks nothing. A
chat that is allowed waits for the function alone. One that is denied, or has an `id` and another text, also waits for
Redis once: who sends the id again gets the same answer, and nothing else is shown. The same holds for such a repeat.

A function that is slow, throttled, broken or answers nonsense has failed, and the chat is allowed or denied as the
stage says. The answer's text has to obey the rules of chats, the platform's list of words among them.
"""

import logging
import time
from dataclasses import replace
from typing import NoReturn

from functions.adapters.redis.client import StateUnavailable
from functions.parts import MessageParts, Review
from functions.rooms.events import Chat, Event
from functions.rooms.identity import Identity
from functions.rooms.refusal import Refusal
from functions.rooms.results import Result
from functions.rooms.review import Allowed, Denied, ReviewFailed, Verdict, question_about, read_answer
from functions.rooms.seats import Seat
from functions.runtime.metrics import (
    REVIEW_LATENCY,
    REVIEWS_ASKED,
    REVIEWS_CHANGED,
    REVIEWS_DENIED,
    REVIEWS_FAILED,
)
from functions.usecases.announcer import Undo
from functions.usecases.floods import announce_flood

log = logging.getLogger(__name__)


class Reviewing:
    """The chats of one seat. Methods raise Refusal, StateUnavailable and LogUnavailable."""

    def __init__(self, parts: MessageParts, seat: Seat, identity: Identity) -> None:
        self._parts, self._seat, self._identity = parts, seat, identity
        self._review = None if "moderate" in identity.caps else parts.review

    async def first(self, chat: Chat, undo: Undo) -> Chat:
        """An accepted chat as it is to be published."""
        if self._review is None:
            return chat
        verdict = await self._ask(self._review, chat)
        if isinstance(verdict, Denied):
            await self._deny(chat, verdict.reason)
            raise _refusal(verdict.reason)
        if verdict.text != chat.content and chat.client_id is not None:
            try:
                await self._review.state.keep_text(chat, verdict.text)
            except StateUnavailable:
                await undo()
                raise
        return replace(chat, content=verdict.text)

    async def again(self, chat: Chat, first: Result) -> Chat:
        """A chat that was sent again, as it was published first. `first` is what is kept under its id."""
        if self._review is None or first.accepted_at is None:
            return chat
        return replace(chat, content=await self._review.state.text_of(chat, first))

    async def refuse_again(self, event: Event, reason: str) -> NoReturn:
        """Refuse a frame whose id is that of a chat that was denied, and count that."""
        await self._deny(event, reason, again=True)
        raise _refusal(reason)

    async def _deny(self, event: Event, reason: str, *, again: bool = False) -> None:
        if self._review is None:
            return
        now = self._parts.clock()
        if await self._review.state.deny(self._seat, event, reason, now, again=again):
            await announce_flood(self._parts, self._seat, self._identity, now)

    async def _ask(self, review: Review, chat: Chat) -> Verdict:
        """The verdict, with what it took in the metrics."""
        start = time.perf_counter()
        failed = 0
        try:
            verdict = await self._checked(read_answer(await review.function.ask(question_about(chat)), chat.content))
        except ReviewFailed as failure:
            failed = 1
            log.warning("the review failed: %s", failure)
            verdict = Allowed(chat.content) if review.on_failure == "allow" else Denied()
        self._parts.meter.emit(
            {
                REVIEWS_ASKED: 1,
                REVIEWS_FAILED: failed,
                REVIEWS_DENIED: int(isinstance(verdict, Denied)),
                REVIEWS_CHANGED: int(isinstance(verdict, Allowed) and verdict.text != chat.content),
                REVIEW_LATENCY: (time.perf_counter() - start) * 1000,
            }
        )
        return verdict

    async def _checked(self, verdict: Verdict) -> Verdict:
        """A verdict whose text the list of words allows. What is masked is masked in an answer, too."""
        if isinstance(verdict, Denied):
            return verdict
        found = (await self._parts.words.current()).check(verdict.text)
        if found.rejected:
            raise ReviewFailed("its text holds words that are not allowed")
        return Allowed(found.text)


def _refusal(reason: str) -> Refusal:
    return Refusal("denied", reason)
