from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from local.aws.sigv4 import Credentials, SignatureError, Verifier

HOST = "127.0.0.1:8000"
PATH = "/websocket/%40connections/AbCdEfGhIjKlMn_%3D"
OWN = Credentials("AKIDLOCAL", "not-a-secret")


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: str
    headers: Iterable[tuple[bytes, bytes]]
    body: bytes

    def check(self, verifier: Verifier) -> None:
        path, query = self.path.encode(), self.query.encode()
        scope = {"method": self.method, "raw_path": path, "query_string": query, "headers": self.headers}
        verifier.check(scope, self.body)


def signed(
    *,
    method: str = "POST",
    path: str = PATH,
    query: str = "",
    body: bytes = b"hello",
    headers: Iterable[tuple[str, str]] = (),
    credentials: Credentials = OWN,
    service: str = "execute-api",
    region: str = "us-east-1",
) -> Request:
    """A request as botocore signs it, now."""
    url = f"http://{HOST}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, data=body, headers={"Host": HOST, **dict(headers)})
    keys = BotoCredentials(credentials.access_key, credentials.secret_key)
    SigV4Auth(keys, service, region).add_auth(request)
    raw = [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
    return Request(method=method, path=path, query=query, headers=raw, body=body)


def with_header(request: Request, name: bytes, value: bytes | None) -> Request:
    kept = [pair for pair in request.headers if pair[0] != name]
    return replace(request, headers=kept if value is None else [*kept, (name, value)])


def at(seconds: float) -> Verifier:
    """A verifier whose clock is off by that much."""
    return Verifier(OWN, region="us-east-1", clock=lambda: datetime.now(UTC).timestamp() + seconds)


def outcome(request: Request, verifier: Verifier | None = None) -> SignatureError | None:
    """Why a request is refused, None if it is accepted."""
    try:
        request.check(verifier or at(0))
    except SignatureError as error:
        return error
    return None


def refusal(request: Request, verifier: Verifier | None = None) -> SignatureError:
    error = outcome(request, verifier)
    assert error is not None, request
    return error


def test_what_botocore_signs_is_accepted() -> None:
    for method in ("POST", "GET", "DELETE"):
        for body in (b"", b"hello", "grüezi".encode(), bytes(range(256))):
            assert outcome(signed(method=method, body=body)) is None, (method, body)


def test_any_path_is_normalised_and_encoded_as_botocore_does() -> None:
    paths = ("/", "/websocket/@connections/abc=", PATH, "/a%20b/c%2Fd", "/a//b", "/a/./b/../c", "/a/b/", "/~x_y-z.0")
    for path in paths:
        assert outcome(signed(path=path)) is None, path


def test_any_query_is_sorted_as_botocore_does() -> None:
    for query in ("a=1", "b=2&a=1", "a=2&a=1", "flag", "a=%20x&A=1", "a=b%3Dc&d="):
        assert outcome(signed(query=query)) is None, query


def test_more_signed_headers_are_accepted() -> None:
    for header in (
        ("X-Amz-Security-Token", "token"),
        ("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),
        ("Content-Type", "  application/json ;   charset=utf-8 "),
        ("X-Amz-Meta-Some", "a,b , c"),
    ):
        assert outcome(signed(headers=[header])) is None, header


def test_an_unsigned_payload_may_be_anything() -> None:
    request = signed(headers=[("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")])
    replace(request, body=b"other").check(at(0))


def test_one_verifier_checks_one_request_after_another() -> None:
    verifier = at(0)
    for body in (b"one", b"two", b"three"):
        signed(body=body).check(verifier)


def test_a_request_changed_after_signing_is_refused() -> None:
    changes: dict[str, Any] = {
        "method": "GET",
        "path": PATH.replace("AbC", "AbD"),
        "query": "a=1",
        "body": b"hello!",
    }
    for name, value in changes.items():
        error = refusal(replace(signed(), **{name: value}))
        assert error.code == "InvalidSignatureException", name
        assert error.message.startswith("The request signature we calculated does not match"), name


def test_a_signed_header_that_was_changed_or_dropped_is_refused() -> None:
    request = signed(headers=[("X-Amz-Meta-Some", "a")])
    for value in (b"b", None):
        assert refusal(with_header(request, b"x-amz-meta-some", value)).code == "InvalidSignatureException"
    assert refusal(with_header(request, b"host", b"example.org")).code == "InvalidSignatureException"


def test_the_wrong_secret_is_refused_but_another_access_key_is_let_in() -> None:
    assert refusal(signed(credentials=Credentials("AKIDLOCAL", "wrong"))).code == "InvalidSignatureException"
    signed(credentials=Credentials("AKIDOTHER", "anything"), service="s3", region="nowhere").check(at(0))


def test_another_service_or_region_is_refused_by_name() -> None:
    assert "correct service: 'execute-api'" in refusal(signed(service="s3")).message
    assert "valid region, not 'eu-west-3'" in refusal(signed(region="eu-west-3")).message


def test_a_date_more_than_five_minutes_off_is_refused() -> None:
    for seconds, text in ((400, "Signature expired"), (-400, "Signature not yet current")):
        assert text in refusal(signed(), at(seconds)).message


def test_a_date_less_than_five_minutes_off_is_fine() -> None:
    for seconds in (200, -200):
        assert outcome(signed(), at(seconds)) is None, seconds


def test_no_signature_is_a_missing_authentication_token() -> None:
    missing = ("MissingAuthenticationTokenException", "Missing Authentication Token")
    for value in (None, b"Bearer abc", b"", b"AWS4-HMAC-SHA1 Credential=a/b/c/d/aws4_request"):
        error = refusal(with_header(signed(), b"authorization", value))
        assert (error.code, error.message) == missing, value


def test_half_a_signature_is_incomplete() -> None:
    for value in (
        b"AWS4-HMAC-SHA256",
        b"AWS4-HMAC-SHA256 Credential=AKIDLOCAL/20240101/us-east-1/execute-api/aws4_request",
        b"AWS4-HMAC-SHA256 Credential=AKIDLOCAL, SignedHeaders=host, Signature=00",
        b"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
        b"AWS4-HMAC-SHA256 ,,,=,Credential",
    ):
        error = refusal(with_header(signed(), b"authorization", value))
        assert error.code == "IncompleteSignatureException", value


def test_a_date_that_is_none_is_refused() -> None:
    codes = {"IncompleteSignatureException", "InvalidSignatureException"}
    for value in (None, b"yesterday", b"20241399T999999Z"):
        assert refusal(with_header(signed(), b"x-amz-date", value)).code in codes, value


def test_a_signature_with_other_characters_is_refused() -> None:
    request = signed()
    (authorization,) = (value for name, value in request.headers if name == b"authorization")
    broken = authorization.rpartition(b"=")[0] + b"=\xff\xfe"
    assert refusal(with_header(request, b"authorization", broken)).code == "InvalidSignatureException"


def test_the_host_must_be_signed() -> None:
    request = signed()
    (authorization,) = (value for name, value in request.headers if name == b"authorization")
    unsigned = authorization.replace(b"SignedHeaders=host;", b"SignedHeaders=")
    assert unsigned != authorization
    assert "'Host'" in refusal(with_header(request, b"authorization", unsigned)).message


def test_a_secret_does_not_show_in_a_representation() -> None:
    assert "not-a-secret" not in repr(OWN)
