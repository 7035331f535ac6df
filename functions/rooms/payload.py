"""The bytes of a frame, made once for all viewers who get it."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Self

# API Gateway sends no larger WebSocket frame. A POST could hold 128 KB.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
FRAME_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Payload:
    """A frame and its SHA-256 in hexadecimal. The signature of each POST needs the digest, so it is computed once."""

    data: bytes
    digest: str

    @classmethod
    def of(cls, data: bytes) -> Self:
        return cls(data, sha256(data).hexdigest())
