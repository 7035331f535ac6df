"""The names of a room's keys, one hash tag a room, so that one script may touch all of them; and how long they live."""

import secrets
from collections.abc import Iterable

from functions.rooms.seats import BUCKETS, Seat, bucket_of

PLACES = "places"  # how many places there are in all rooms, as the sweep has counted them last
ROOMS = "rooms"  # sorted set: activityId -> ms of the newest connection

# How long keys live after they were last written.
ROOM_SECONDS = 7 * 24 * 3600
EMPTY_SECONDS = 3600
SANCTION_SECONDS = 30 * 24 * 3600
GONE_MS = 120_000
CUT_MS = 7_500_000  # API Gateway closes every connection after two hours
RATE_MS = 180_000  # from when the bucket is full
POSTS_MS = 600_000
CALL_MS = 15_000
UNDER_WAY_MS = 15_000  # the HTTP API's function runs no longer
UNTOLD_MS = 1000  # two ticks: a seat that has waited so long for a welcome was perhaps never announced
TOLD_MS = 600_000  # longer than a record is on its way
BEAT_PARTS = 4096  # the fraction of a place's score is its interval in seconds, in such parts


def call_key(key: str) -> str:
    """A key of its own for one call of a script, in the hash slot of the room that `key` belongs to."""
    return f"{key.partition('}')[0]}}}:call:{secrets.token_hex(8)}"


def answer_key(activity_id: int | None, user_id: str, call_id: str) -> str:
    """What a user was answered to a call about a room, or about all, that was made under this id of the user's."""
    tag = "rooms:{all}" if activity_id is None else f"room:{{{activity_id}}}"
    return f"{tag}:answer:{len(user_id)}:{user_id}:{call_id}"


def entry_id(seq: int) -> str:
    """The id of a record in the history, a stream, which cannot hold an entry 0-0."""
    return f"{seq}-0" if seq else "0-1"


class RoomKeys:
    """The keys of one room, by the names that scripts give them; its methods name those of which there are several."""

    def __init__(self, activity_id: int) -> None:
        self._tag = f"room:{{{activity_id}}}"
        self.figures = f"{self._tag}:figures"
        self.newcomers = f"{self._tag}:newcomers"
        self.gone = f"{self._tag}:gone"
        self.since = f"{self._tag}:since"
        self.history = f"{self._tag}:history"
        self.removed = f"{self._tag}:removed"
        self.withheld = f"{self._tag}:withheld"
        self.mutes = f"{self._tag}:mutes"
        self.bans = f"{self._tag}:bans"
        self.cut = f"{self._tag}:cut"
        self.closing = f"{self._tag}:closing"
        self.joins = f"{self._tag}:joins"
        self.properties = f"{self._tag}:properties"
        self.gallery = f"{self._tag}:gallery"
        self.slots = f"{self._tag}:slots"

    def seats(self, buckets: Iterable[int]) -> list[str]:
        """The seats of these buckets of connection ids."""
        return [f"{self._tag}:seats:{bucket}" for bucket in buckets]

    def places(self, buckets: Iterable[int]) -> list[str]:
        """The places of these buckets of their ids."""
        return [f"{self._tag}:places:{bucket}" for bucket in buckets]

    def users(self, buckets: Iterable[int]) -> list[str]:
        """The users of these buckets of user ids."""
        return [f"{self._tag}:users:{bucket}" for bucket in buckets]

    def of_seat(self, seat: Seat) -> dict[str, str]:
        """Where a seat, or a place, and its user are."""
        return {
            "seats": f"{self._tag}:{'places' if seat.is_place else 'seats'}:{bucket_of(seat.connection_id)}",
            "users": f"{self._tag}:users:{bucket_of(seat.user_id)}",
        }

    def of_all_seats(self) -> dict[str, list[str]]:
        """Where all seats and users are."""
        return {"seats": self.seats(range(BUCKETS)), "users": self.users(range(BUCKETS))}

    def told(self, slice_: int) -> str:
        """The users of whom a slice has last told that they left, or whose join it has not told."""
        return f"{self._tag}:told:{slice_}"

    def mail(self, user_id: str) -> str:
        """What waits in the gallery for one user alone."""
        return f"{self._tag}:mail:{user_id}"

    def rate(self, user_id: str) -> str:
        return f"{self._tag}:rate:{user_id}"

    def sent_id(self, user_id: str, client_id: str) -> str:
        """The result of the frame that a user sent under an id of its own."""
        # The length keeps ("a:b", "c") and ("a", "b:c") apart.
        return f"{self._tag}:id:{len(user_id)}:{user_id}:{client_id}"

    def changed(self, user_id: str, client_id: str) -> str:
        """The text that a review has given the chat that a user sent under an id of its own."""
        return f"{self._tag}:changed:{len(user_id)}:{user_id}:{client_id}"

    def patched(self, user_id: str, call_id: str) -> str:
        """The digest of the patch of the room's properties that a user has sent under an id of its own."""
        return f"{self._tag}:patched:{len(user_id)}:{user_id}:{call_id}"


class PartitionKeys:
    """The keys of one partition of the log, `live-3`, under a hash tag of their own."""

    def __init__(self, partition: str) -> None:
        self._tag = f"log:{{{partition}}}"
        self.checkpoint = f"{self._tag}:checkpoint"

    def heard(self, slice_: int) -> str:
        """Up to where a slice has told each room of the partition."""
        return f"{self._tag}:heard:{slice_}"
