"""The event that an HTTP API passes to a function, payload format 2.0.

Faithful: the keys and their order as documented; header names in lower case, repeated headers joined by commas; cookies
in a list of their own and not among the headers; repeated query parameters joined by commas; `rawPath` decoded and cut,
despite its name (see `http_path`), and `rawQueryString` as sent; a body that is no text in base64; a key that does not
apply is absent. Form bodies count as binary.
Not known: the exact list of media types that count as text (see `_is_text`).
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from dataclasses import dataclass
from urllib.parse import parse_qsl

from functions.manifest import FUNCTIONS
from functions.triggers import HttpRoutes
from local.aws.asgi import Scope, joined, source_ip, text_headers
from local.aws.function import JsonObject
from local.aws.payloads import Occasion, request_time

GREEDY = "{proxy+}"
_NOT_PASSED = {"connection", "upgrade", "keep-alive", "transfer-encoding", "proxy-connection", "cookie"}
_TEXT_TYPES = {"application/json", "application/javascript", "application/xml"}


@dataclass(frozen=True, kw_only=True)
class HttpApiConfig:
    """One HTTP API with one route, `path`, of every method; it ends in `{proxy+}`."""

    path: str
    function: str
    domain_name: str
    account_id: str = "000000000000"
    api_id: str = "localhttp0"
    integration_timeout_seconds: float = 30

    def __post_init__(self) -> None:
        """Raises ValueError for another kind of path: the emulator does not know it."""
        if self.path.count("{") != 1 or not self.path.endswith(f"/{GREEDY}"):
            raise ValueError(f"HTTP route {self.path!r} does not end in its only parameter, /{GREEDY}")

    @property
    def prefix(self) -> str:
        """What every path of the route begins with; something follows."""
        return self.path.removesuffix(GREEDY)

    @property
    def route_key(self) -> str:
        return f"ANY {self.path}"

    @classmethod
    def from_manifest(cls, *, domain_name: str) -> "list[HttpApiConfig]":
        """The manifest's HTTP API, one for each of its routes."""
        return [
            cls(domain_name=domain_name, path=function.trigger.path, function=function.name)
            for function in FUNCTIONS
            if isinstance(function.trigger, HttpRoutes)
        ]


def http_event(
    config: HttpApiConfig, occasion: Occasion, scope: Scope, body: bytes, *, path: str, trace: str
) -> JsonObject:
    """The event of one request; its path as it is handed on, which `config` has a route for."""
    query = scope["query_string"].decode("latin-1")
    headers, cookies = _headers(scope, trace)
    parameters = joined(parse_qsl(query, keep_blank_values=True, errors="replace"))
    text, encoded = _body(body, headers)
    return {
        "version": "2.0",
        "routeKey": config.route_key,
        "rawPath": path,
        "rawQueryString": query,
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": parameters} if parameters else {}),
        "requestContext": _context(config, occasion, scope, path, headers.get("user-agent", "")),
        **({"body": text} if text else {}),
        "pathParameters": {"proxy": path.removeprefix(config.prefix)},
        "isBase64Encoded": encoded,
    }


def _context(config: HttpApiConfig, occasion: Occasion, scope: Scope, path: str, user_agent: str) -> JsonObject:
    return {
        "accountId": config.account_id,
        "apiId": config.api_id,
        "domainName": config.domain_name,
        "domainPrefix": config.domain_name.partition(".")[0],
        "http": {
            "method": scope["method"],
            "path": path,
            "protocol": f"HTTP/{scope['http_version']}",
            "sourceIp": source_ip(scope),
            "userAgent": user_agent,
        },
        "requestId": occasion.request_id,
        "routeKey": config.route_key,
        "stage": "$default",
        "time": request_time(occasion.now_ms),
        "timeEpoch": occasion.now_ms,
    }


def _headers(scope: Scope, trace: str) -> tuple[dict[str, str], list[str]]:
    sent = text_headers(scope)
    cookies = [
        cookie.strip() for name, value in sent if name == "cookie" for cookie in value.split(";") if cookie.strip()
    ]
    port = scope["server"][1] if scope.get("server") else 0
    added = {
        "x-amzn-trace-id": trace,
        "x-forwarded-port": str(port),
        "x-forwarded-proto": scope.get("scheme", "http"),
    }
    passed = [pair for pair in sent if pair[0] not in _NOT_PASSED and pair[0] not in added]
    passed += [*added.items(), ("x-forwarded-for", source_ip(scope))]
    return dict(sorted(joined(passed).items())), cookies


def _body(body: bytes, headers: dict[str, str]) -> tuple[str, bool]:
    """The body as the event carries it, and whether that is base64."""
    if _is_text(headers):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # its content type is wrong
    return (base64.b64encode(body).decode(), True) if body else ("", False)


def _is_text(headers: dict[str, str]) -> bool:
    if "content-encoding" in headers:
        return False
    media_type = headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES or media_type.endswith(("+json", "+xml"))
