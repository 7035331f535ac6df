"""Whom a process has told its viewers as joined or left, for the case that the state does not know.

The state notes whom a slice has told as left (note_told.lua). That note may fail after viewers were told. And a Redis
that is emptied, or that fails over and loses its newest writes, forgets notes, and who had left is there again. So the
process remembers, too. Its memory counts for what it could not note, and for what it told in an earlier epoch: the
relay answers a loss with a new one (write_history.lua). Where the state has noted otherwise, what was told is "unsure".
That can only be a "joined" too many. In all other cases the state's notes hold, since another process may have told
more since.

Example: alice left, viewers were told, and she came back in the second in which Redis lost her leave. For the state she
had never gone, so her return is no join. But viewers believe that she is gone, so the record of her new seat is told as
her join.
"""

from collections import OrderedDict
from collections.abc import Mapping

from functions.rooms.room_view import Told

# A process remembers so many users of all its rooms, those whom it has told last. About 4 MB.
USERS_REMEMBERED = 20_000


class ToldBefore:
    """What a process has told of users last. With it the epoch of their room in which the state has noted it, None if
    it has not."""

    def __init__(self, most: int = USERS_REMEMBERED) -> None:
        self._told: OrderedDict[tuple[int, str], tuple[Told, str | None]] = OrderedDict()
        self._most = most

    def telling(self, activity_id: int, told: Mapping[str, Told]) -> None:
        """Viewers of a room are about to be told this of these users."""
        self._remember(activity_id, told, None)

    def noted(self, activity_id: int, epoch: str, told: Mapping[str, Told]) -> None:
        """The state has noted what viewers were told."""
        self._remember(activity_id, told, epoch)

    def _remember(self, activity_id: int, told: Mapping[str, Told], epoch: str | None) -> None:
        for user_id, what in told.items():
            key = activity_id, user_id
            self._told[key] = what, epoch
            self._told.move_to_end(key)
        while len(self._told) > self._most:
            self._told.popitem(last=False)

    def knows(self, activity_id: int, user_id: str) -> bool:
        """Whether viewers were told of the user."""
        return (activity_id, user_id) in self._told

    def corrected(self, activity_id: int, epoch: str, user_id: str, noted: Told | None) -> Told | None:
        """What viewers were told, where the state has `noted` this in the present `epoch`: None for "joined" and for
        nothing."""
        what, then = self._told.get((activity_id, user_id), ("joined", epoch))
        return noted if then == epoch or what == (noted or "joined") else "unsure"
