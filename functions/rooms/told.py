"""Whom a process has told its viewers as joined or left, for the case that the room's state is lost.

The state notes whom a slice has told as left (note_told.lua). A Redis that is emptied, or that fails over and loses its
newest writes, forgets these notes, and who had left is there again. So the process remembers, too. The relay answers a
loss with a new epoch (write_history.lua): what was told in an earlier epoch is then "unsure", whatever the state has
noted. That can only be a "joined" too many. While the epoch is the same, the state's notes hold.

Example: alice left, viewers were told, and she came back in the second in which Redis lost her leave. For the state she
had never gone, so her return is no join. But viewers believe that she is gone, so the record of her new seat is told as
her join.
"""

from collections import OrderedDict
from collections.abc import Iterable

# A process remembers so many users of all its rooms, those whom it has told last. About 4 MB.
USERS_REMEMBERED = 20_000


class ToldBefore:
    """The users whom a process has told last, and the epoch of their room then."""

    def __init__(self, most: int = USERS_REMEMBERED) -> None:
        self._epochs: OrderedDict[tuple[int, str], str] = OrderedDict()
        self._most = most

    def note(self, activity_id: int, epoch: str, user_ids: Iterable[str]) -> None:
        """Viewers of a room were told of these users, in this epoch."""
        for user_id in user_ids:
            key = activity_id, user_id
            self._epochs[key] = epoch
            self._epochs.move_to_end(key)
        while len(self._epochs) > self._most:
            self._epochs.popitem(last=False)

    def knows(self, activity_id: int, user_id: str) -> bool:
        """Whether viewers were told of the user, in any epoch."""
        return (activity_id, user_id) in self._epochs

    def is_unsure(self, activity_id: int, epoch: str, user_id: str) -> bool:
        """Whether the state may have forgotten what viewers were told of the user."""
        return self._epochs.get((activity_id, user_id), epoch) != epoch
