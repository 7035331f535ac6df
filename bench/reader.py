"""One reader of the gallery, as the reader itself knows its place."""

from dataclasses import dataclass

from functions.rooms.identity import Identity
from functions.rooms.places import parse_place_id
from functions.rooms.seats import LEASE_HEARTBEATS, Seat
from functions.usecases.placing import Placed


@dataclass(eq=False, slots=True)
class Reader:
    """`place` is None before it has one, and `mail` and `beat` are what it was told last. `watches`: it makes calls.

    These are ms of the clocks of the functions that answered: when the place was taken, the latest at which the reader
    was there, and the end of the lease by the last answer.
    """

    identity: Identity
    place: str | None = None
    mail: int | None = None
    beat: int = 0
    taken_at: int = 0
    seen_at: int = 0
    lease_ends: int = 0
    watches: bool = True

    @property
    def seat(self) -> Seat:
        """The place that it has."""
        assert self.place is not None
        return Seat(self.place, "live.v1", self.identity.user_id, is_place=True)

    def is_placed(self, placed: Placed, now: int) -> None:
        """The reader's place was taken or renewed at `now`."""
        self.place, self.mail, self.beat = placed.place, placed.view.read, placed.taken.beat
        _, self.taken_at = parse_place_id(placed.place)
        self.seen_at = max(self.seen_at, now)
        self.lease_ends = now + LEASE_HEARTBEATS * 1000 * placed.taken.beat
