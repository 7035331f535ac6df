"""The bytes of a frame, made once for all the viewers they go to."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Self


@dataclass(frozen=True, slots=True)
class Payload:
    """A frame and its SHA-256 in hexadecimal, which every request that carries it is signed with."""

    data: bytes
    digest: str

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Digest a frame."""
        return cls(data, sha256(data).hexdigest())
