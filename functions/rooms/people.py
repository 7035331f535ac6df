"""Pages of the users in a room, and their cursors.

Users are listed bucket by bucket, and within a bucket step by step (functions/adapters/redis/lua/page.lua). A page ends
somewhere in that order, and its cursor tells the next page where to go on. No state is kept between two pages.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from functions.rooms.attributes import Attributes, unpack_attributes
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.refusal import Refusal
from functions.rooms.seats import BUCKETS

# The users of a page have at most so many bytes as JSON. What else is in the frame has less than the rest: a reply, a
# cursor, and an id twice.
PAGE_BYTES = FRAME_BYTES - 2048
# What each of them has beside the texts.
PERSON_BYTES = len('{"userId":,"username":,"attributes":},')

_PLACE = re.compile(r"([0-9]{1,2}):([0-9]{1,20}):(.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A page ended in `bucket`, in the step `scan`, behind `user_id`; there the next page begins."""

    bucket: int = 0
    scan: str = "0"
    user_id: str = ""

    def pack(self) -> str:
        """The cursor on the wire, which clients pass on unread."""
        return base64.urlsafe_b64encode(f"{self.bucket}:{self.scan}:{self.user_id}".encode()).decode()

    @classmethod
    def parse(cls, cursor: str | None, *, buckets: int = BUCKETS) -> Self:
        """The inverse of `pack`; None is the first page. Raises Refusal `bad_field`, also for a bucket that there is
        not."""
        if cursor is None:
            return cls()
        try:
            text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            text = ""
        found = _PLACE.fullmatch(text)
        if not found or int(found[1]) >= buckets or int(found[2]) >= 2**64:
            raise Refusal("bad_field", "cursor must be one that a page ended with")
        return cls(int(found[1]), found[2], found[3])


FIRST = Place()


class Person(NamedTuple):
    """A user in a room."""

    user_id: str
    username: str
    attributes: Attributes


@dataclass(frozen=True)
class Page:
    """Users, how many there are in all, and where the next page begins, None at the end."""

    users: Sequence[Person]
    online: int
    following: Place | None

    @property
    def cursor(self) -> str | None:
        """The next page's cursor."""
        return self.following.pack() if self.following else None


def read_page(begin: Place, found: Sequence[Any]) -> Page:
    """What `read_page` of page.lua returned for the page that begins there."""
    online, users, index, scan, user_id = found
    following = None if index < 0 else Place(begin.bucket + index, scan, user_id)
    # A name that was lost comes back with the user's next heartbeat.
    people = [Person(user, name or user, unpack_attributes(attributes)) for user, name, attributes in users]
    return Page(people, online, following)
