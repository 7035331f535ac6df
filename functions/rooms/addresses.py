"""The addresses at which a room's slots are read: who is let in is told one, and nobody can guess another.

A key is `<slot>.<mac>`: the number of the ten minutes in which it was made, by Redis's clock, and an HMAC of that and
the room under a secret of the stage. It is the same for everybody in the room, so a cache may answer all of them. It is
valid in its ten minutes and in the next.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

from functions.rooms.places import ADDRESS_MS

# 16 bytes of the HMAC, as base64url.
_KEY = re.compile(r"([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{22})")
_MAC_BYTES = 16


def ticks_path(activity_id: int, secret: str, at: int) -> str:
    """Below which path the room's slots are read, at `at` (ms of Redis's clock)."""
    slot = at // ADDRESS_MS
    return f"/gallery/{activity_id}/{slot}.{_mac(activity_id, secret, slot)}/"


def slot_of_key(activity_id: int, key: str, secrets: Iterable[str]) -> int | None:
    """The ten minutes in which a key of the room was made with one of these secrets; None if it was not."""
    found = _KEY.fullmatch(key)
    if not found:
        return None
    slot, mac = int(found[1]), found[2].encode()
    fits = [hmac.compare_digest(mac, _mac(activity_id, secret, slot).encode()) for secret in secrets]
    return slot if any(fits) else None


def is_valid(slot: int, at: int) -> bool:
    """Whether a key of these ten minutes is valid at `at`. One of later ones was made by a Redis whose clock was ahead
    of the present one's."""
    return slot >= at // ADDRESS_MS - 1


def _mac(activity_id: int, secret: str, slot: int) -> str:
    code = hmac.digest(secret.encode(), f"gallery {activity_id} {slot}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(code[:_MAC_BYTES]).decode().rstrip("=")
