"""What happened in a room: a class for each kind of event, and the Kafka record that is written of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

from functions.rooms.attributes import Attributes
from functions.rooms.extra import Extra
from functions.rooms.identity import Identity
from functions.rooms.text import flaw_of_reason

# A user came, with the first of their seats, or left, with the last.
JOIN, LEAVE = 1, 2
CHAT, LIKE = 4, 6
# A user earned watch time: by a heartbeat, or by the end of a seat that was not their last.
HEARTBEAT = 7
# A seat waits for its welcome: a further seat of a user, or one that was not welcomed in time.
SEATED = 8
# The platform's: a chat was removed (`data` has its `seq`), something is shown (`name`, any `data`), the user `to` was
# sanctioned (`action`, `seconds`, perhaps a `reason`), the settings were changed (`data`), properties of the room were
# (`data`: what they are from then on by name, null for one that was removed). 13 is no event.
REMOVED, NOTICE, SANCTION, SETTINGS, PROPERTIES = 9, 10, 11, 12, 14

# The userId of the one user whom an event is for, or those of several whom a notice is for.
Target = str | tuple[str, ...]
TARGETS_AT_MOST = 100


def target_of(user_ids: Iterable[str]) -> Target:
    """These users, at least one, each once."""
    targets = tuple(dict.fromkeys(user_ids))
    return targets if len(targets) > 1 else targets[0]


@dataclass(frozen=True, slots=True)
class Who:
    """The user who did something, with the original's companion fields and the user's attributes. A field is empty if
    it is not known."""

    user_id: str = ""
    username: str = ""
    connection_id: str = ""
    avatar: str = ""
    company_id: str = ""
    openid: str = ""
    unionid: str = ""
    attributes: Attributes = field(default_factory=dict)

    @staticmethod
    def of(identity: Identity, connection_id: str, companions: Mapping[str, str] | None = None) -> "Who":
        """The user of a connection. An avatar among a frame's `companions` takes the place of the identity's."""
        fields = {"avatar": identity.avatar, **(companions or {})}
        return Who(
            user_id=identity.user_id,
            username=identity.username,
            connection_id=connection_id,
            attributes=identity.attributes,
            **fields,
        )


NOBODY = Who()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What all events have. Each kind of event is a class of its own, which adds its payload and names its topics.

    `time` and `logged_at` are in ms since the epoch. `to` names the target, None if the event is for everybody.
    `client_id` is the id that the client gave its frame. `online` and `likes` are the room's figures. The user has
    watched from `watch_from` to `watch_to` (ms since the epoch); `watch_seconds` of it are new. `seq` and `logged_at`
    are known once the event is in the room log.
    """

    type: ClassVar[int]
    # The names of the payload's fields, which are the same in the record.
    payload_fields: ClassVar[tuple[str, ...]] = ()
    is_live: ClassVar[bool] = True
    is_saved: ClassVar[bool] = True

    activity_id: int
    time: int
    who: Who = NOBODY
    to: Target | None = None
    client_id: str | None = None
    online: int | None = None
    likes: int | None = None
    watch_seconds: float | None = None
    watch_from: int | None = None
    watch_to: int | None = None
    seq: int | None = None
    logged_at: int = 0

    @property
    def targets(self) -> tuple[str, ...]:
        """The userIds of those whom the event is for, none if it is for everybody."""
        if self.to is None:
            return ()
        return (self.to,) if isinstance(self.to, str) else self.to

    def key(self) -> bytes:
        """The record's key: one room stays in order in one partition."""
        return str(self.activity_id).encode()

    def payload(self) -> dict[str, Any]:
        """The payload's fields by name."""
        return {name: getattr(self, name) for name in self.payload_fields}

    def to_record(self) -> bytes:
        """The record's value, under the original's names; `null` where a field has no meaning for the kind."""
        who = self.who
        moment = _moment(self.time // 1000)
        fields: dict[str, Any] = {
            "activityId": self.activity_id,
            "messageType": self.type,
            "nickname": who.username,
            "companyId": who.company_id,
            "openid": who.openid,
            "unionid": who.unionid,
            "avatar": who.avatar,
            "content": "",
            "zanNumber": self.likes,
            "onLineNumber": self.online,
            "createTime": moment,
            "updateTime": moment,
            "userId": who.user_id,
            "connectionId": who.connection_id,
            "id": self.client_id,
            "to": self.to,
            "time": self.time,
            "watchSeconds": self.watch_seconds,
            "watchFrom": self.watch_from,
            "watchTo": self.watch_to,
            "name": None,
            "data": None,
            "attributes": who.attributes or None,
            "extra": None,
            **self.payload(),
        }
        if self.seq is not None:
            fields["seq"] = self.seq
        return _encode(fields).encode()


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(maxsize=8)  # a frame has two records, and a second many frames
def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Join(Event):
    type = JOIN


class Leave(Event):
    type = LEAVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat(Event):
    type = CHAT
    payload_fields = ("content", "extra")
    content: str = ""
    extra: Extra | None = None


class Like(Event):
    type = LIKE


class Heartbeat(Event):
    type = HEARTBEAT
    is_live = False


class Seated(Event):
    type = SEATED
    is_saved = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformEvent(Event):
    """What the platform or a moderator did; `who` names them."""

    payload_fields: ClassVar[tuple[str, ...]] = ("data",)
    data: Any = None

    def named(self, name: str) -> Any:
        """What `data` holds under a name; None if it holds nothing. Another system's record may have any `data`."""
        return self.data.get(name) if isinstance(self.data, dict) else None


class Removed(PlatformEvent):
    type = REMOVED


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice(PlatformEvent):
    type = NOTICE
    payload_fields = ("name", "data")
    name: str | None = None


class Sanction(PlatformEvent):
    type = SANCTION

    @property
    def reason(self) -> str | None:
        """Why, if that is a reason as the API takes it."""
        reason = self.named("reason")
        return reason if isinstance(reason, str) and flaw_of_reason(reason) is None else None


class Settings(PlatformEvent):
    type = SETTINGS


class Properties(PlatformEvent):
    type = PROPERTIES


_ALL = (Join, Leave, Chat, Like, Heartbeat, Seated, Removed, Notice, Sanction, Settings, Properties)
KINDS: Mapping[int, type[Event]] = {kind.type: kind for kind in _ALL}
