"""What became of a frame that a client sent under an id of its own; kept for whoever sends the id again.

A like or a heartbeat is done once the state has accepted it. A chat is pending until the log has it. The function that
publishes it may be killed, or may never get an answer. So the relays settle the result: they read every record, and the
first record of (userId, id) that they see is the chat. Every other record of the id is a duplicate, which is not shown.

A chat that the platform's review has denied has no record. Its id is settled by who asked the review.
"""

import json
import zlib
from dataclasses import dataclass
from typing import Self

from functions.rooms.extra import Extra

# How long a result is kept.
RESULT_MS = 300_000
# Longer than any function runs. A chat that is still pending was left behind by a function that was killed, or stands
# in the queue of a broker. Its id is free again: if two records come of it, one is a duplicate.
PENDING_MS = 30_000

_PENDING = "pending"
_DENIED = "denied:"


@dataclass(frozen=True, kw_only=True)
class Result:
    """The fate of an id. A chat has the ms at which it was accepted, the `digest` of its content, and a `seq` once it
    is settled. A chat that was denied has the reason alone. Other frames have nothing of this.
    """

    seq: int | None = None
    accepted_at: int | None = None
    digest: str = ""
    denied: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.accepted_at is not None and self.seq is None

    def pack(self) -> str:
        """As text: "ok", "pending:1700000000000:1c291ca3", "17:1700000000000:1c291ca3" or "denied:no links"."""
        if self.denied is not None:
            return f"{_DENIED}{self.denied}"
        if self.accepted_at is None:
            return "ok"
        return f"{_PENDING if self.seq is None else self.seq}:{self.accepted_at}:{self.digest}"

    @classmethod
    def unpack(cls, packed: str) -> Self:
        """The inverse of `pack`."""
        if packed == "ok":
            return cls()
        if packed.startswith(_DENIED):
            return cls(denied=packed.removeprefix(_DENIED))
        seq, accepted_at, digest = packed.split(":")
        return cls(seq=None if seq == _PENDING else int(seq), accepted_at=int(accepted_at), digest=digest)


def digest_of(content: str, to: str | None, extra: Extra | None = None) -> str:
    """8 characters that tell two chats apart which were sent under one id, by mistake."""
    said = "\n".join((to or "", content))
    if extra is not None:
        # No text of a chat has a NUL.
        said += "\0" + json.dumps(extra, sort_keys=True)
    return f"{zlib.crc32(said.encode('utf-8', 'replace')):08x}"
