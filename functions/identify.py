"""Who an event is from, under the name that may be shown."""

from dataclasses import replace

from functions.adapters.word_list import Words
from functions.aws_events.websocket import ConnectionEvent
from functions.rooms.identity import Identity


class NameNotAllowed(Exception):
    """The name holds words that must not be said at all."""


async def admit(event: ConnectionEvent, words: Words) -> Identity:
    """As `identify`, for who wants to come in; raises NameNotAllowed."""
    verdict = (await words.current()).check(event.context["username"])
    if verdict.rejected:
        raise NameNotAllowed
    return replace(Identity.from_context(event.context), username=verdict.text)


async def identify(event: ConnectionEvent, words: Words) -> Identity:
    """The identity in the authorizer's context, its name masked where it holds sensitive words.

    The context rides on a connection's events as it was when that was opened, so each event is looked at anew: a word
    that is forbidden while somebody is there takes effect too.
    """
    verdict = (await words.current()).check(event.context["username"])
    return replace(Identity.from_context(event.context), username=verdict.text)
