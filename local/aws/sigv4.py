"""Verifies Signature Version 4 of requests that are signed with the emulator's own credentials.

Faithful: canonical request, string to sign and key as AWS documents them, the path encoded twice, service and region of
the credential scope, a clock skew of five minutes at most, the error names and texts of AWS's front ends.
Not faithful: requests with any other access key pass unverified (there is no IAM here); session tokens are ignored; a
signature in the query string counts as none; only `X-Amz-Date` gives the time, not `Date`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import calendar
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from posixpath import normpath
from urllib.parse import quote

from local.aws.asgi import Scope, joined, text_headers

EXECUTE_API = "execute-api"
_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW_SECONDS = 300
_DATE = re.compile(r"\d{8}T\d{6}Z")
_ENCODED = re.compile(r"(/[A-Za-z0-9_~%-]+)+")  # to be encoded once more, this has nothing but percent signs
_INCOMPLETE = "IncompleteSignatureException"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


class SignatureError(Exception):
    """The request is refused: `code` is AWS's error name, `message` the text for the client."""

    def __init__(self, message: str, code: str = "InvalidSignatureException") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class _Authorization:
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str


class Verifier:
    """Checks requests to a service in one region. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        region: str,
        service: str = EXECUTE_API,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._clock = clock

    def check(self, scope: Scope, body: bytes) -> None:
        """Raises SignatureError for a request without a signature, or with a wrong one by the emulator's own key."""
        headers = joined(text_headers(scope))
        authorization, signature = _split(headers.get("authorization"))
        if authorization.access_key != self._credentials.access_key:
            return
        self._check_scope(authorization)
        stamp = self._check_date(authorization, headers.get("x-amz-date"))
        canonical = _canonical_request(scope, body, headers, authorization.signed_headers)
        key_scope = f"{authorization.date}/{self._region}/{self._service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{key_scope}\n{sha256(canonical.encode('latin-1')).hexdigest()}"
        key = _signing_key(self._credentials.secret_key, authorization.date, self._region, self._service)
        expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), signature.encode("latin-1", "replace")):
            raise SignatureError(_MISMATCH)

    def _check_scope(self, authorization: _Authorization) -> None:
        if authorization.service != self._service:
            raise SignatureError(f"Credential should be scoped to correct service: '{self._service}'.")
        if authorization.region != self._region:
            raise SignatureError(f"Credential should be scoped to a valid region, not '{authorization.region}'.")
        if "host" not in authorization.signed_headers.split(";"):
            raise SignatureError("'Host' must be a 'SignedHeader' in the AWS Authorization.")

    def _check_date(self, authorization: _Authorization, stamp: str | None) -> str:
        if stamp is None or not _DATE.fullmatch(stamp):
            message = "Authorization header requires existence of a valid 'X-Amz-Date' header."
            raise SignatureError(message, _INCOMPLETE)
        if stamp[:8] != authorization.date:
            message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
            raise SignatureError(message)
        signed_at = _seconds(stamp)
        if signed_at is None:
            raise SignatureError(f"'{stamp}' is no date.", _INCOMPLETE)
        now = self._clock()
        if signed_at < now - _SKEW_SECONDS:
            raise SignatureError(f"Signature expired: {stamp}")
        if signed_at > now + _SKEW_SECONDS:
            raise SignatureError(f"Signature not yet current: {stamp}")
        return stamp


@lru_cache(maxsize=1024)
def _seconds(stamp: str) -> int | None:
    """Since the epoch; None for what is no date."""
    try:
        return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None


@lru_cache(maxsize=4)  # two days at most are valid at a time, for each of two services
def _signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _split(header: str | None) -> tuple[_Authorization, str]:
    """What a client signs with, and the signature. The former is the same in all of its requests of a day."""
    start, mark, signature = (header or "").rpartition("Signature=")
    if mark and signature and "," not in signature:
        return _parse_usual(start), signature.strip()
    authorization = _parse(header)
    return authorization, authorization.signature


@lru_cache(maxsize=16)
def _parse_usual(start: str) -> _Authorization:
    return _parse(f"{start}Signature=-")


def _parse(header: str | None) -> _Authorization:
    algorithm, _, rest = (header or "").partition(" ")
    if algorithm != _ALGORITHM:
        raise SignatureError("Missing Authentication Token", "MissingAuthenticationTokenException")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    parts = {name: value for name, _, value in pairs}
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            raise SignatureError(f"Authorization header requires '{name}' parameter.", _INCOMPLETE)
    match parts["Credential"].rsplit("/", 4):
        case access_key, date, region, service, "aws4_request":
            return _Authorization(access_key, date, region, service, parts["SignedHeaders"], parts["Signature"])
    message = "Credential must have exactly 5 slash-delimited elements, the last of them 'aws4_request'."
    raise SignatureError(message, _INCOMPLETE)


def _canonical_request(scope: Scope, body: bytes, headers: Mapping[str, str], signed: str) -> str:
    """The canonical request, as the client must have built it; a missing signed header counts as empty."""
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed.split(";")]
    payload = headers.get("x-amz-content-sha256")
    if payload != "UNSIGNED-PAYLOAD":
        payload = sha256(body).hexdigest()
    path = _canonical_path(scope["raw_path"].decode("latin-1"))
    query = _canonical_query(scope["query_string"].decode("latin-1"))
    return "\n".join([scope["method"], path, query, *lines, "", signed, payload])


def _canonical_path(path: str) -> str:
    """The path without dot segments and double slashes; each segment is encoded once more than on the wire."""
    if _ENCODED.fullmatch(path):
        return path.replace("%", "%25")
    if "//" in path or "/." in path:
        end = "/" if path.endswith("/") else ""
        path = "/" + normpath(path).strip("/")
        path = path if path.endswith("/") else path + end
    return quote(path, safe="/~") or "/"


def _canonical_query(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in sorted((name, value) for name, _, value in pairs))
