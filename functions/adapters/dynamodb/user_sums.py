"""The sums of one user of a room, and how deeds change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from functions.rooms.deeds import Deed
from functions.rooms.erasure import Erasures
from functions.rooms.seats import bucket_of
from functions.rooms.watch_time import Counted, counted_of

Item = Mapping[str, Mapping[str, str]]
Key = tuple[str, str]

_USER = "u#"


@dataclass(frozen=True, kw_only=True)
class Update:
    """What changes of an item: numbers are added, attributes are set, if it still is as it `was` (None: without that
    attribute). The item is worth keeping from `until` (ms) on, for the days of the archive."""

    adds: Mapping[str, str]
    changes: Mapping[str, str | int]
    was: Mapping[str, int | None]
    until: int


@dataclass(frozen=True, kw_only=True)
class UserSums:
    """A user's item: the ms that the user `watched`, up to `watched_to`; and the `chats` to all, up to `said`."""

    watched: int = 0
    watched_to: int | None = None
    chats: int = 0
    said: Counted | None = None

    @staticmethod
    def of(item: Mapping[str, Mapping[str, str]]) -> "UserSums":
        """What an item holds."""
        said = Counted(int(item["saidTo"]["N"]), int(item["saidAt"]["N"])) if "saidTo" in item else None
        return UserSums(
            watched=int(Decimal(item["seconds"]["N"]).scaleb(3)) if "seconds" in item else 0,
            watched_to=int(item["watchedTo"]["N"]) if "watchedTo" in item else None,
            chats=int(item["chats"]["N"]) if "chats" in item else 0,
            said=said,
        )

    def watched_with(self, deeds: Sequence[Deed], added: Mapping[int, int]) -> int:
        """The ms that the user watched with these deeds, of which `added` has what each adds, by its offset."""
        return self.watched + sum(added.get(deed.offset, 0) for deed in deeds)

    def chats_with(self, deeds: Sequence[Deed]) -> int:
        """The chats with those in these deeds."""
        return self.chats + len(self._unsaid(deeds))

    def update(self, deeds: Sequence[Deed], added: Mapping[int, int]) -> Update | None:
        """What these deeds, at least one, change; None if they change nothing."""
        earned, said = sum(added.get(deed.offset, 0) for deed in deeds), self._unsaid(deeds)
        if not earned and not said and self is not NEW:
            return None
        adds: dict[str, str] = {}
        changes: dict[str, str | int] = {"userId": deeds[0].user_id}
        was: dict[str, int | None] = {"userId": None} if self is NEW else {}
        until = max(deed.logged_at for deed in deeds)
        # A record of the sweep has no username if Redis has lost it.
        if names := [deed.username for deed in deeds if deed.username]:
            changes["username"] = names[-1]
        if earned:
            end = max(deed.credit.end for deed in deeds if deed.credit)
            adds["seconds"], changes["watchedTo"], was["watchedTo"] = seconds(earned), end, self.watched_to
            until = max(until, end)
        if said:
            counted = self.said.moved_behind(said) if self.said else counted_of(said)
            adds["chats"], changes["saidTo"], changes["saidAt"] = str(len(said)), counted.offset, counted.logged_at
            was |= {"saidTo": self.said.offset, "saidAt": self.said.logged_at} if self.said else {"saidTo": None}
        return Update(adds=adds, changes=changes, was=was, until=until)

    def _unsaid(self, deeds: Sequence[Deed]) -> Sequence[Deed]:
        """The chats among these that are not counted yet."""
        said = [deed for deed in deeds if deed.says]
        return said[self.said.uncounted_from(said) :] if said and self.said else said


# Of a user without an item.
NEW = UserSums()


def seconds(ms: int) -> str:
    """The number of seconds, as the wire has it."""
    return f"{Decimal(ms).scaleb(-3):f}"


def bucket_key(activity_id: int, bucket: int) -> str:
    """The `pk` of a bucket of a room's users."""
    return f"watch#{activity_id}#{bucket}"


def user_key(user_id: str) -> str:
    """The `sk` of a user's sums."""
    return f"{_USER}{user_id}"


def keys_of(deed: Deed, erasures: Erasures) -> list[Key]:
    """Where the sums of a deed's user may be."""
    bucket = bucket_key(deed.activity_id, bucket_of(deed.user_id))
    return [(bucket, user_key(name)) for name in erasures.names(deed)]


def named_as_stored(deeds: Sequence[Deed], found: Mapping[Key, Item], erasures: Erasures) -> Sequence[Deed]:
    """The deeds, those of erased users under the names by which the items that were `found` go."""
    if not erasures:
        return deeds
    sums = {item["userId"]["S"]: UserSums.of(item) for (_, sk), item in found.items() if sk.startswith(_USER)}
    ends = {user_id: one.watched_to or 0 for user_id, one in sums.items()}
    return [erasures.named(deed, ends) for deed in deeds]
