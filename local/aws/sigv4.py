"""Signature Version 4, checked: does a request carry a signature by the emulator's own credentials?

Faithful: canonical request, string to sign and key as AWS documents them, the path encoded twice, service and
region of the credential scope, five minutes either way for the clock, the error names and texts of AWS's
front ends.
Not faithful: requests under any other access key pass unchecked (there is no IAM here); session tokens are
not looked at; a signature in the query string counts as none; only `X-Amz-Date` gives the time, not `Date`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import calendar
import hmac
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from posixpath import normpath
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW_SECONDS = 300
_DATE = re.compile(r"\d{8}T\d{6}Z")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


class SignatureError(Exception):
    """The request is refused: `code` is AWS's error name, `message` what the client is told."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Credentials:
    """An access key and its secret."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came: `path` and `query` still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Iterable[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class _Authorization:
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str


class Verifier:
    """Checks requests to one service in one region. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        region: str,
        service: str = "execute-api",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._clock = clock
        self._keys: dict[str, bytes] = {}

    def check(self, request: Request) -> None:
        """Raises SignatureError unless the request is signed, and rightly so if by the emulator's own key."""
        headers = _merge(request.headers)
        authorization = _parse(headers.get("authorization"))
        if authorization.access_key != self._credentials.access_key:
            return
        self._check_scope(authorization)
        stamp = self._check_date(authorization, headers.get("x-amz-date"))
        canonical = _canonical_request(request, headers, authorization.signed_headers)
        scope = f"{authorization.date}/{self._region}/{self._service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode('latin-1')).hexdigest()}"
        expected = hmac.digest(self._key(authorization.date), to_sign.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), authorization.signature.encode("latin-1", "replace")):
            raise SignatureError("InvalidSignatureException", _MISMATCH)

    def _check_scope(self, authorization: _Authorization) -> None:
        if authorization.service != self._service:
            message = f"Credential should be scoped to correct service: '{self._service}'."
            raise SignatureError("InvalidSignatureException", message)
        if authorization.region != self._region:
            message = f"Credential should be scoped to a valid region, not '{authorization.region}'."
            raise SignatureError("InvalidSignatureException", message)
        if "host" not in authorization.signed_headers.split(";"):
            message = "'Host' must be a 'SignedHeader' in the AWS Authorization."
            raise SignatureError("InvalidSignatureException", message)

    def _check_date(self, authorization: _Authorization, stamp: str | None) -> str:
        if stamp is None or not _DATE.fullmatch(stamp):
            message = "Authorization header requires existence of a valid 'X-Amz-Date' header."
            raise SignatureError("IncompleteSignatureException", message)
        if stamp[:8] != authorization.date:
            message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
            raise SignatureError("InvalidSignatureException", message)
        try:
            signed_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        except ValueError as error:
            message = f"'{stamp}' is no date."
            raise SignatureError("IncompleteSignatureException", message) from error
        now = self._clock()
        if signed_at < now - _SKEW_SECONDS:
            raise SignatureError("InvalidSignatureException", f"Signature expired: {stamp}")
        if signed_at > now + _SKEW_SECONDS:
            raise SignatureError("InvalidSignatureException", f"Signature not yet current: {stamp}")
        return stamp

    def _key(self, date: str) -> bytes:
        """The signing key of a day; at most two days are ever valid, so no more are kept."""
        key = self._keys.get(date)
        if key is None:
            key = f"AWS4{self._credentials.secret_key}".encode()
            for part in (date, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            if len(self._keys) >= 2:
                self._keys.clear()
            self._keys[date] = key
        return key


def _merge(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        merged[name] = f"{merged[name]},{value}" if name in merged else value
    return merged


def _parse(header: str | None) -> _Authorization:
    if header is None:
        raise SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    parts = {name: value for name, _, value in pairs}
    if algorithm != _ALGORITHM:
        raise SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token")
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            message = f"Authorization header requires '{name}' parameter."
            raise SignatureError("IncompleteSignatureException", message)
    scope = parts["Credential"].rsplit("/", 4)
    if len(scope) != 5 or scope[4] != "aws4_request":
        message = "Credential must have exactly 5 slash-delimited elements, the last of them 'aws4_request'."
        raise SignatureError("IncompleteSignatureException", message)
    return _Authorization(
        access_key=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=parts["SignedHeaders"],
        signature=parts["Signature"],
    )


def _canonical_request(request: Request, headers: dict[str, str], signed: str) -> str:
    """As the client must have built it; a signed header that is not there counts as empty."""
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed.split(";")]
    payload = headers.get("x-amz-content-sha256")
    if payload != "UNSIGNED-PAYLOAD":
        payload = sha256(request.body).hexdigest()
    path, query = _canonical_path(request.path), _canonical_query(request.query)
    return "\n".join([request.method, path, query, *lines, "", signed, payload])


def _canonical_path(path: str) -> str:
    """The path without dot segments and doubled slashes, each segment encoded once more than on the wire."""
    if "//" in path or "/." in path:
        end = "/" if path.endswith("/") else ""
        path = "/" + normpath(path).strip("/")
        path = path if path.endswith("/") else path + end
    return quote(path, safe="/~") or "/"


def _canonical_query(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in sorted((name, value) for name, _, value in pairs))
