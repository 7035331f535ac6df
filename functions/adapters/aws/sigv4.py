"""AWS Signature Version 4: signed headers for requests, and signed queries that serve as tokens.

A signature is made in three steps. The request is written in one canonical form. Its SHA-256, the time and the scope
(day, Region, service) are the string to sign. The signature is the HMAC of that string; its key is derived from the
secret key and the scope.

The relay signs every POST, so all that does not change is kept: the key for a day, the time for a second, the header
lines for a host. One SHA-256 and one HMAC are left. botocore takes about a millisecond, mostly for making a request
object. Tests check that the bytes are the same as botocore's.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

from functions.adapters.aws.credentials import Credentials


class Signer:
    """Signs requests to one host of a service. `target` is the X-Amz-Target header, which names DynamoDB's call."""

    def __init__(
        self, credentials: Credentials, *, service: str, region: str, host: str, target: str | None = None
    ) -> None:
        self.credentials = credentials
        self._service = service
        self._region = region
        self._second = -1
        self._date = ""
        self._scope = ""
        self._key = b""
        # Signed headers stand in the order of their names: host, x-amz-date, then these.
        others = {"x-amz-security-token": credentials.token, "x-amz-target": target}
        given = {name: value for name, value in others.items() if value}
        self._signed = ";".join(("host", "x-amz-date", *given))
        self._host_line = f"host:{host}\nx-amz-date:"
        self._other_lines = "".join(f"{name}:{value}\n" for name, value in given.items())
        self._other_headers = "".join(f"{name}: {value}\r\n" for name, value in given.items())

    def headers(self, method: str, path: str, payload_digest: str, now: float) -> str:
        """The header lines, each ended by CRLF, for a request without a query.

        `path` is the path of the request line, URI-encoded. `payload_digest` is the body's SHA-256 in hexadecimal.
        `now` is in seconds since the epoch.
        """
        if int(now) != self._second:
            self._turn_second(int(now))
        # The canonical path is encoded a second time. In an encoded path that changes only the percent signs.
        canonical = (
            f"{method}\n{path.replace('%', '%25')}\n\n{self._host_line}{self._date}\n{self._other_lines}\n"
            f"{self._signed}\n{payload_digest}"
        )
        signature = _sign(canonical, self._key, self._date, self._scope)
        return (
            f"X-Amz-Date: {self._date}\r\n{self._other_headers}"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self.credentials.access_key}/{self._scope}, "
            f"SignedHeaders={self._signed}, Signature={signature}\r\n"
        )

    def _turn_second(self, second: int) -> None:
        self._second, self._date = second, _date(second)
        scope = _scope(self._date, self._region, self._service)
        if scope != self._scope:
            self._scope, self._key = scope, _derive_key(self.credentials.secret_key, scope)


def presigned_query(
    credentials: Credentials,
    fields: Mapping[str, str],
    *,
    service: str,
    region: str,
    host: str,
    seconds: int,
    now: float,
) -> str:
    """The query of a signed GET of the host's `/` with these fields, valid for so many seconds from `now`.

    MSK and ElastiCache take such a query as the password of an IAM role. The request itself is never sent.
    """
    date = _date(int(now))
    scope = _scope(date, region, service)
    signed = {
        **fields,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    query = urlencode(sorted(signed.items()), quote_via=quote, safe="-_.~")
    canonical = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{sha256(b'').hexdigest()}"
    key = _derive_key(credentials.secret_key, scope)
    return f"{query}&X-Amz-Signature={_sign(canonical, key, date, scope)}"


def _derive_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _sign(canonical: str, key: bytes, date: str, scope: str) -> str:
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _date(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")


def _scope(date: str, region: str, service: str) -> str:
    return f"{date[:8]}/{region}/{service}/aws4_request"
