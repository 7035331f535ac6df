"""Whom a process has told its viewers as joined or left, for the case that the room's state is lost.

The state notes whom a slice has told as left (note_told.lua). A Redis that is emptied, or that fails over and loses its
newest writes, forgets these notes, and who had left is there again. So the process remembers, too. The relay answers a
loss with a new epoch (write_history.lua). Where the process told something else in an earlier epoch than what the state
has noted, what was told is "unsure". That can only be a "joined" too many. While the epoch is the same, the state's
notes hold.

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
    """What a process has told of users last, and in which epoch of their room."""

    def __init__(self, most: int = USERS_REMEMBERED) -> None:
        self._told: OrderedDict[tuple[int, str], tuple[str, Told]] = OrderedDict()
        self._most = most

    def note(self, activity_id: int, epoch: str, told: Mapping[str, Told]) -> None:
        """Viewers of a room were told this of these users, in this epoch."""
        for user_id, what in told.items():
            key = activity_id, user_id
            self._told[key] = epoch, what
            self._told.move_to_end(key)
        while len(self._told) > self._most:
            self._told.popitem(last=False)

    def knows(self, activity_id: int, user_id: str) -> bool:
        """Whether viewers were told of the user, in any epoch."""
        return (activity_id, user_id) in self._told

    def corrected(self, activity_id: int, epoch: str, user_id: str, noted: Told | None) -> Told | None:
        """What viewers were told, where the state has `noted` this, None for "joined" and for nothing."""
        then, what = self._told.get((activity_id, user_id), (epoch, "joined"))
        return noted if then == epoch or what == (noted or "joined") else "unsure"
