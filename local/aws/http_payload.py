"""The event an HTTP API hands to a function, payload format 2.0.

Faithful: the keys and their order as documented; header names in lower case, repeated ones joined by commas;
cookies in their own list and not among the headers; repeated query parameters joined by commas; `rawPath`
decoded although its name says otherwise, `rawQueryString` as sent; a body that is no text in base64; what
does not apply is absent. Form bodies count as binary.
Not known: the exact list of media types that count as text (see `_is_text`).
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from dataclasses import dataclass
from urllib.parse import parse_qsl

from local.aws.asgi import Scope
from local.aws.lambda_runtime import JsonObject
from local.aws.payloads import Occasion, request_time

STAGE = "$default"
_NOT_PASSED = {"connection", "upgrade", "keep-alive", "transfer-encoding", "proxy-connection", "cookie"}
_TEXT_TYPES = {"application/json", "application/javascript", "application/xml"}


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request that matched `route_key`, e.g. `ANY /api/{proxy+}`, and what its path gave."""

    scope: Scope
    body: bytes
    route_key: str
    path_parameters: dict[str, str]
    trace: str


@dataclass(frozen=True, kw_only=True)
class HttpApiNames:
    """What every event of one HTTP API says about it."""

    account_id: str
    api_id: str
    domain_name: str


def http_event(names: HttpApiNames, request: HttpRequest, occasion: Occasion) -> JsonObject:
    """The event of one request."""
    scope = request.scope
    query = scope["query_string"].decode("latin-1")
    headers, cookies = _headers(request)
    event: JsonObject = {
        "version": "2.0",
        "routeKey": request.route_key,
        "rawPath": scope["path"],
        "rawQueryString": query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    parameters = _joined(parse_qsl(query, keep_blank_values=True, errors="replace"))
    if parameters:
        event["queryStringParameters"] = parameters
    event["requestContext"] = _context(names, request, occasion, headers.get("user-agent", ""))
    text, encoded = _body(request.body, headers)
    if text:
        event["body"] = text
    event["pathParameters"] = request.path_parameters
    event["isBase64Encoded"] = encoded
    return event


def _context(names: HttpApiNames, request: HttpRequest, occasion: Occasion, user_agent: str) -> JsonObject:
    scope = request.scope
    return {
        "accountId": names.account_id,
        "apiId": names.api_id,
        "domainName": names.domain_name,
        "domainPrefix": names.domain_name.partition(".")[0],
        "http": {
            "method": scope["method"],
            "path": scope["path"],
            "protocol": f"HTTP/{scope['http_version']}",
            "sourceIp": _source_ip(scope),
            "userAgent": user_agent,
        },
        "requestId": occasion.request_id,
        "routeKey": request.route_key,
        "stage": STAGE,
        "time": request_time(occasion.now_ms),
        "timeEpoch": occasion.now_ms,
    }


def _headers(request: HttpRequest) -> tuple[dict[str, str], list[str]]:
    scope = request.scope
    sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    cookies = [
        cookie.strip() for name, value in sent if name == "cookie" for cookie in value.split(";") if cookie.strip()
    ]
    port = scope["server"][1] if scope.get("server") else 0
    added = {
        "x-amzn-trace-id": request.trace,
        "x-forwarded-port": str(port),
        "x-forwarded-proto": scope.get("scheme", "http"),
    }
    passed = [pair for pair in sent if pair[0] not in _NOT_PASSED and pair[0] not in added]
    passed += [*added.items(), ("x-forwarded-for", _source_ip(scope))]
    return dict(sorted(_joined(passed).items())), cookies


def _source_ip(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, headers: dict[str, str]) -> tuple[str, bool]:
    """The body as the event carries it, and whether that is base64."""
    if _is_text(headers):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # not what it says it is
    return (base64.b64encode(body).decode(), True) if body else ("", False)


def _is_text(headers: dict[str, str]) -> bool:
    if "content-encoding" in headers:
        return False
    media_type = headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES or media_type.endswith(("+json", "+xml"))
