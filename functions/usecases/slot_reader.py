"""Answers readers in the gallery: what a room said since a slot, when there is something to tell.

Whoever asks has a key of the room, and waits. A cache stands in front, so that a room's slots are asked for once. The
clock is Redis's own, and only how long to wait is taken from this process's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from functions.adapters.redis.gallery_state import SlotState
from functions.adapters.tokens.token_keys import TokenKeys
from functions.rooms.addresses import is_valid, slot_of_key
from functions.rooms.gallery import Told, Wait, tell

# Behind a slot's end Redis is asked for it. Asked too early, it would say to wait for less than this.
MARGIN_SECONDS = 0.005
# No answer waits for more ends of slots than this, whatever the clock does.
MOST_WAITS = 12


class WrongKey(Exception):
    """The key is not the room's, or is not valid any more."""


class KeepsWaiting(Exception):
    """The clock of Redis stands still."""


@dataclass(frozen=True, kw_only=True)
class SlotReader:
    """Reads the slots of rooms for whoever has a key that was made with one of `keys`. In a room with more than
    `large_from` readers answers are rarer."""

    state: SlotState
    keys: TokenKeys
    large_from: int
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def read(self, activity_id: int, key: str, first: int) -> Told:
        """What a reader is told who asks for the slot `first`, when there is something to tell.

        Raises WrongKey, TooEarly, KeepsWaiting, StateUnavailable and SecretUnavailable.
        """
        made_in = slot_of_key(activity_id, key, (await self.keys.current()).by_kid.values())
        if made_in is None:
            # The key may be newer than what is known of the secret: no key has an empty name, so it is read again.
            made_in = slot_of_key(activity_id, key, (await self.keys.with_kid("")).by_kid.values())
        if made_in is None:
            raise WrongKey
        for _ in range(MOST_WAITS):
            slots = await self.state.read(activity_id, first)
            if not is_valid(made_in, slots.at):
                raise WrongKey
            answer = tell(slots, first, large_from=self.large_from)
            if not isinstance(answer, Wait):
                return answer
            await self.sleep(answer.ms / 1000 + MARGIN_SECONDS)
        raise KeepsWaiting
