"""Where a page of the people in a room ended."""

import base64
import binascii
from dataclasses import dataclass
from typing import Self

from functions.rooms.refusal import Refusal
from functions.rooms.seats import BUCKETS


@dataclass(frozen=True)
class Place:
    """People are listed by bucket and user id; the next page goes on behind `user_id`."""

    bucket: int = 0
    user_id: str = ""

    def pack(self) -> str:
        """As a cursor on the wire, not to be read by clients."""
        return base64.urlsafe_b64encode(f"{self.bucket}:{self.user_id}".encode()).decode()

    @classmethod
    def parse(cls, cursor: str | None) -> Self:
        """The inverse of `pack`, the beginning for None; raises Refusal `bad_field`."""
        if cursor is None:
            return cls()
        try:
            bucket, _, user_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise Refusal("bad_field", "cursor must be one that a page ended with") from None
        if not bucket.isascii() or not bucket.isdigit() or int(bucket[:4]) >= BUCKETS:
            raise Refusal("bad_field", "cursor must be one that a page ended with")
        return cls(int(bucket), user_id)
