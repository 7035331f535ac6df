"""The names of a room's keys: one hash tag a room, so that one script may touch all of them."""

import secrets

from functions.rooms.seats import BUCKETS, bucket_of

ROOMS = "rooms"  # sorted set: activityId -> ms of the newest connection


def call_key(key: str) -> str:
    """A key of its own for one call of a script, in the hash slot of the room that `key` belongs to."""
    return f"{key.partition('}')[0]}}}:call:{secrets.token_hex(8)}"


class RoomKeys:
    """The keys of one room."""

    def __init__(self, activity_id: int) -> None:
        self._tag = f"room:{{{activity_id}}}"
        self.figures = f"{self._tag}:figures"
        self.newcomers = f"{self._tag}:newcomers"
        self.gone = f"{self._tag}:gone"
        self.since = f"{self._tag}:since"
        self.history = f"{self._tag}:history"
        self.removed = f"{self._tag}:removed"
        self.mutes = f"{self._tag}:mutes"
        self.bans = f"{self._tag}:bans"

    def seats(self, bucket: int) -> str:
        """The seats of a bucket of connection ids."""
        return f"{self._tag}:seats:{bucket}"

    def users(self, bucket: int) -> str:
        """The users of a bucket of user ids."""
        return f"{self._tag}:users:{bucket}"

    def all_seats(self) -> list[str]:
        """The seats of every bucket, in order."""
        return [self.seats(bucket) for bucket in range(BUCKETS)]

    def all_users(self) -> list[str]:
        """The users of every bucket, in order."""
        return [self.users(bucket) for bucket in range(BUCKETS)]

    def of_seat(self, connection_id: str, user_id: str) -> list[str]:
        """The four keys that a seat lives in: seats, users, figures, newcomers."""
        return [
            self.seats(bucket_of(connection_id)),
            self.users(bucket_of(user_id)),
            self.figures,
            self.newcomers,
        ]

    def rate(self, user_id: str) -> str:
        """A user's token buckets."""
        return f"{self._tag}:rate:{user_id}"

    def sent_id(self, user_id: str, client_id: str) -> str:
        """The result of the frame that a user sent under an id of its own."""
        # The length keeps ("a:b", "c") and ("a", "b:c") apart.
        return f"{self._tag}:id:{len(user_id)}:{user_id}:{client_id}"
