"""AWS Signature Version 4: for requests the few headers of it that they need, for tokens a signed query.

botocore signs a request in about a millisecond, most of it for making the request object; the signature itself is two
digests. The bytes are the same as botocore's, which tests check.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

from functions.adapters.credentials import Credentials


class Signer:
    """Signs requests to one host of a service; the key derived for a day and the scope are kept.

    `target`: the X-Amz-Target header of services that take their operation from there.
    """

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
        # In the order of names; the date is the first of these, and changes.
        others = {"x-amz-security-token": credentials.token, "x-amz-target": target}
        given = {name: value for name, value in others.items() if value}
        self._signed = ";".join(("host", "x-amz-date", *given))
        self._host_line = f"host:{host}\nx-amz-date:"
        self._other_lines = "".join(f"{name}:{value}\n" for name, value in given.items())
        self._other_headers = "".join(f"{name}: {value}\r\n" for name, value in given.items())

    def headers(self, method: str, path: str, payload_digest: str, now: float) -> str:
        """The header lines, each ended by CRLF, for a request without a query.

        `path` is as on the request line, URI-encoded: it holds nothing but unreserved characters, slashes and
        percent-encoded bytes. `payload_digest` is the body's SHA-256 in hexadecimal; `now` in seconds since the epoch.
        """
        if int(now) != self._second:
            self._turn_second(int(now))
        # The path is encoded once more, which in such a path changes the percent signs alone.
        canonical = (
            f"{method}\n{path.replace('%', '%25')}\n\n{self._host_line}{self._date}\n{self._other_lines}\n"
            f"{self._signed}\n{payload_digest}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{self._date}\n{self._scope}\n{digest}"
        signature = hmac.digest(self._key, to_sign.encode(), "sha256").hex()
        return (
            f"X-Amz-Date: {self._date}\r\n{self._other_headers}"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self.credentials.access_key}/{self._scope}, "
            f"SignedHeaders={self._signed}, Signature={signature}\r\n"
        )

    def _turn_second(self, second: int) -> None:
        moment = datetime.fromtimestamp(second, UTC)
        day = moment.strftime("%Y%m%d")
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        if scope != self._scope:
            self._scope = scope
            self._key = derive_key(self.credentials.secret_key, day, self._region, self._service)
        self._second, self._date = second, moment.strftime("%Y%m%dT%H%M%SZ")


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
    """The query of a GET of the host's `/` with these fields, signed in itself and good for so many seconds.

    Such a request is the token of services that let IAM roles sign in: it is made here, and never sent.
    """
    moment = datetime.fromtimestamp(int(now), UTC)
    day, date = moment.strftime("%Y%m%d"), moment.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{day}/{region}/{service}/aws4_request"
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
    digest = sha256(f"GET\n/\n{query}\nhost:{host}\n\nhost\n{sha256(b'').hexdigest()}".encode()).hexdigest()
    key = derive_key(credentials.secret_key, day, region, service)
    signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}".encode(), "sha256").hex()
    return f"{query}&X-Amz-Signature={signature}"


def derive_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """The key for one day (yyyyMMdd), region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
