"""Places in the gallery: where to ask for one, and what the answer says."""

import ssl
from dataclasses import dataclass
from typing import Self

from tools.objects import Object, cursor_of


class NoPlace(Exception):
    """The gallery has no place for this reader; the text is the status of the answer and its error, or `seat`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether another request may help."""
        return self.status in (0, 429) or self.status >= 500


@dataclass(frozen=True)
class Site:
    """Where the HTTP API is, with its path, and what all connections to it share; None for `http:`."""

    api: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, api: str) -> Self:
        return cls(api, ssl.create_default_context() if api.startswith("https:") else None)


def checked(told: Object) -> Object:
    """An answer that gives a place. Raises what is raised if it lacks something."""
    cursor_of(told)
    texts = {name: str(told[name]) for name in ("place", "userId", "mail", "ticks", "hash")}
    numbers = {name: int(told[name]) for name in ("next", "onlineNumber")}
    return {**told, **texts, **numbers, "now": float(told["now"]), "beatSeconds": float(told["beatSeconds"])}
