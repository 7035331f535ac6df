"""A user whose data is erased: what is removed of them, and what is left without their name.

What a user said, and that they came and went, is removed. What counts on without them is left under an alias: their
watch time, which the sums of a room include, and what they did to others or others did to them, which is an audit
trail. An alias is of one room, so nobody can tell that two of them were one user.

The log may hand out a record once more after its user was erased, and it is then stored as if it were new. So an
erasure is kept for as long as the log keeps records, under a digest of the userId. What happened before `until` goes
through the same rules when its record comes again (functions/usecases/erasures.py): it gives the items that are there.

Example: alice, who has watched for 60 s and has muted bob, is erased. Her chats are gone. The mute says that
`erased-5f0c…` has muted bob, and the list of who watched longest has `erased-5f0c…` with 60 s. A chat of hers that is
redelivered is left out. What she says a day later, under the same userId, is stored as any user's.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from functions.rooms.archive import Attributes
from functions.rooms.deeds import Deed
from functions.rooms.events import CHAT, JOIN, LEAVE, REMOVED, SANCTION
from functions.rooms.json_value import packed
from functions.rooms.seats import bucket_of
from functions.rooms.watch_time import Credit

# So often the archive reads the list of erasures.
LIST_SECONDS = 10
# Clocks differ, and an environment that is timed out ends a little later.
SPARE_SECONDS = 5

ALIAS = "erased-"
_ALIAS_DIGITS = 16
# What its author's erasure removes. All else is nameless from then on.
OWN = frozenset({CHAT, JOIN, LEAVE})
# The attributes of an item that tell of its author, beside the userId.
OF_AUTHOR = frozenset({"username", "avatar", "companyId", "openid", "unionid", "attributes"})


# The alias of a userId, None if the user goes by their own name.
AliasOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Erasure:
    """`digest`: of the userId. It holds for what happened up to `until` (ms since the epoch). Aliases are made of the
    `secret`. `is_done`: nothing is left of what it holds for."""

    digest: str
    until: int
    secret: str
    is_done: bool = False

    def alias(self, activity_id: int, user_id: str) -> str:
        """The user's alias in a room. It is in the user's own bucket of watch time, so the bucket's total stays."""
        for number in itertools.count():
            hashed = hashlib.sha256(f"{self.secret} {activity_id} {number}".encode()).hexdigest()
            alias = f"{ALIAS}{hashed[:_ALIAS_DIGITS]}"
            if bucket_of(alias) == bucket_of(user_id):
                return alias
        raise AssertionError


class Erasures:
    """All that are kept."""

    def __init__(self, erasures: Iterable[Erasure] = ()) -> None:
        self._by_digest = {one.digest: one for one in erasures}

    def __bool__(self) -> bool:
        return bool(self._by_digest)

    def alias(self, activity_id: int, time: int, user_id: str) -> str | None:
        """The alias of a user in what happened at that time; None if the user goes by their own name."""
        erasure = self._by_digest.get(digest_of(user_id))
        return None if erasure is None or time > erasure.until else erasure.alias(activity_id, user_id)

    def names(self, deed: Deed) -> tuple[str, ...]:
        """The names by which the sums of a deed's user may go: the userId, and of an erased user the alias."""
        erasure = self._by_digest.get(digest_of(deed.user_id)) if deed.user_id else None
        return (deed.user_id,) if erasure is None else (deed.user_id, erasure.alias(deed.activity_id, deed.user_id))

    def named(self, deed: Deed, ends: Mapping[str, int]) -> Deed:
        """The deed under the name by which the user's sums go. `ends`: up to where watch time is counted (ms since the
        epoch, 0 if there is none) under each of the names that has sums.

        Sums move to the alias all at once. Until then all is added to those under the userId, so nothing is counted
        twice. After it, what was logged before the erasure's end is added to those under the alias. A stretch goes on
        while its user is erased, so what one of the two has counted is left out of the other.
        """
        names = self.names(deed)
        if len(names) == 1 or (deed.user_id in ends and names[1] not in ends):
            return deed
        user_id, alias = names
        is_late = deed.logged_at <= self._by_digest[digest_of(user_id)].until
        name, other = (alias, user_id) if is_late else (user_id, alias)
        username = "" if is_late else deed.username
        credit = deed.credit and _behind(deed.credit, ends.get(other, 0), name, username)
        return deed._replace(user_id=name, username=username, credit=credit)


# Nobody was erased.
NONE = Erasures()


def _behind(credit: Credit, counted: int, user_id: str, username: str) -> Credit:
    """What of a credit lies behind what is `counted`."""
    start = min(credit.end, max(credit.start, counted))
    return replace(credit, user_id=user_id, username=username, start=start)


def settled_ms(batch_seconds: int) -> int:
    """After so many ms no batch is under way that does not know of an erasure, if a batch takes `batch_seconds`."""
    return (LIST_SECONDS + batch_seconds + SPARE_SECONDS) * 1000


def digest_of(user_id: str) -> str:
    """What stands for a userId where an erasure is kept."""
    return hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()


def without(attributes: Mapping[str, Any], alias_of: AliasOf) -> Attributes | None:
    """An item's attributes without the users who have an alias; None if nothing of the item is to be left."""
    left = dict(attributes)
    # What marks a user's chats as removed has nothing to mark any more.
    if alias_of(left.get("of", "")) is not None:
        return None
    author = alias_of(left.get("userId", ""))
    if author is not None:
        if left.get("type") in OWN:
            return None
        left = {name: value for name, value in left.items() if name not in OF_AUTHOR} | {"userId": author}
    target = alias_of(left.get("to", ""))
    if target is not None:
        left["to"] = target
    left |= _data(left, alias_of, is_target=target is not None)
    if "targets" in left:
        left["targets"] = packed([alias_of(user_id) or user_id for user_id in json.loads(left["targets"])])
    return left


def _data(attributes: Mapping[str, Any], alias_of: AliasOf, *, is_target: bool) -> Attributes:
    """The `data` of what was done to a user: without a reason, since whoever gave it may have named its target there;
    and of a removal of all that a user has said, without that user."""
    data = json.loads(attributes.get("data", "null"))
    if attributes.get("type") not in (REMOVED, SANCTION) or not isinstance(data, dict):
        return {}
    user_id = data.get("userId")
    alias = alias_of(user_id) if isinstance(user_id, str) else None
    kept = {name: value for name, value in data.items() if name != "reason" or not (is_target or alias)}
    return {"data": packed(kept | ({"userId": alias} if alias else {}))}


def is_about(attributes: Mapping[str, Any], user_id: str) -> bool:
    """Whether an item is the removal of all that the user has said."""
    data = json.loads(attributes.get("data", "null")) if attributes.get("type") == REMOVED else None
    return isinstance(data, dict) and data.get("userId") == user_id
