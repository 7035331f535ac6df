"""The events API Gateway hands to a function, in their shape since 2022.

Faithful: which keys there are, their order and types; a key that does not apply is absent, not null;
`requestId` equals `extendedRequestId`; header names in their canonical case on CONNECT; the last of a
repeated query parameter wins in the single-valued map. The authorizer's event alone shows Connection, Upgrade
and content-length.
Not faithful: the server lower-cases header names, so the case a client used is guessed (`x-foo` arrives as
`X-Foo`).
Not known: where in `requestContext` the authorizer's context stands (here last), and what an authorizer's
event without a query holds (here empty maps, as for REST APIs).
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from local.aws.lambda_runtime import JsonObject

Pairs = list[tuple[str, str]]

_NOT_IN_CONNECT = {"connection", "upgrade", "content-length", "keep-alive", "proxy-connection"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPELLINGS = {"Websocket": "WebSocket", "Dnt": "DNT", "Te": "TE"}


@dataclass(frozen=True, kw_only=True)
class Api:
    """What every event of one WebSocket API says about it. `domain_name` is host, or host:port."""

    region: str
    account_id: str
    api_id: str
    stage: str
    domain_name: str

    @property
    def connect_arn(self) -> str:
        """The `methodArn` an authorizer is asked about."""
        return f"arn:aws:execute-api:{self.region}:{self.account_id}:{self.api_id}/{self.stage}/$connect"


@dataclass(frozen=True, kw_only=True)
class Session:
    """What all events of one connection share. `authorizer` is None where the API has none."""

    connection_id: str
    connected_at_ms: int
    source_ip: str
    user_agent: str | None
    authorizer: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """One event: its request id, and when it is made (ms since the epoch)."""

    request_id: str
    now_ms: int


def authorizer(api: Api, session: Session, occasion: Occasion, headers: Pairs, query: Pairs) -> JsonObject:
    """The REQUEST authorizer's event; `headers` and `query` as `connect` takes them."""
    shown = _sorted([*headers, ("Connection", "upgrade"), ("Upgrade", "websocket"), ("content-length", "0")])
    return {
        "type": "REQUEST",
        "methodArn": api.connect_arn,
        "headers": dict(shown),
        "multiValueHeaders": _multi(shown),
        "queryStringParameters": dict(query),
        "multiValueQueryStringParameters": _multi(query),
        "stageVariables": {},
        "requestContext": _context(api, session, occasion, "$connect", "CONNECT"),
    }


def connect(api: Api, session: Session, occasion: Occasion, headers: Pairs, query: Pairs) -> JsonObject:
    """The event of `$connect`: `headers` from `canonical_headers`, `query` decoded, both in their order."""
    shown = _sorted(headers)
    event: JsonObject = {"headers": dict(shown), "multiValueHeaders": _multi(shown)}
    if query:
        event["queryStringParameters"] = dict(query)
        event["multiValueQueryStringParameters"] = _multi(query)
    event["requestContext"] = _context(api, session, occasion, "$connect", "CONNECT")
    event["isBase64Encoded"] = False
    return event


def message(api: Api, session: Session, occasion: Occasion, *, message_id: str, body: str) -> JsonObject:
    """The event of one text message on `$default`."""
    context = _context(api, session, occasion, "$default", "MESSAGE", message_id=message_id)
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect(api: Api, session: Session, occasion: Occasion, *, code: int, reason: str) -> JsonObject:
    """The event of `$disconnect`."""
    headers = [("Host", api.domain_name), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    return {
        "headers": dict(headers),
        "multiValueHeaders": _multi(headers),
        "requestContext": _context(api, session, occasion, "$disconnect", "DISCONNECT", left=(code, reason)),
        "isBase64Encoded": False,
    }


def _context(
    api: Api,
    session: Session,
    occasion: Occasion,
    route_key: str,
    event_type: str,
    *,
    message_id: str | None = None,
    left: tuple[int, str] | None = None,
) -> JsonObject:
    context: JsonObject = {"routeKey": route_key}
    if left:
        context["disconnectStatusCode"] = left[0]
    if message_id is not None:
        context["messageId"] = message_id
    context["eventType"] = event_type
    context["extendedRequestId"] = occasion.request_id
    context["requestTime"] = request_time(occasion.now_ms)
    context["messageDirection"] = "IN"
    if left:
        context["disconnectReason"] = left[1]
    context |= _place(api, session, occasion)
    if session.authorizer is not None:
        context["authorizer"] = session.authorizer
    return context


def _place(api: Api, session: Session, occasion: Occasion) -> JsonObject:
    identity = {"sourceIp": session.source_ip}
    if session.user_agent is not None:
        identity = {"userAgent": session.user_agent, **identity}
    return {
        "stage": api.stage,
        "connectedAt": session.connected_at_ms,
        "requestTimeEpoch": occasion.now_ms,
        "identity": identity,
        "requestId": occasion.request_id,
        "domainName": api.domain_name,
        "connectionId": session.connection_id,
        "apiId": api.api_id,
    }


def canonical_headers(headers: Iterable[tuple[bytes, bytes]], forwarded: Pairs) -> Pairs:
    """ASGI headers by their usual names, without those of the hop, and the X-… ones the gateway adds.

    `forwarded` holds the added ones; what a client sent as X-Forwarded-For stays before the gateway's own.
    """
    pairs = [
        (_canonical(name.decode("latin-1")), value.decode("latin-1"))
        for name, value in headers
        if name.decode("latin-1") not in _NOT_IN_CONNECT
    ]
    sent = [value for name, value in pairs if name == "X-Forwarded-For"]
    added = {name for name, _ in forwarded}
    kept = [pair for pair in pairs if pair[0] not in added]
    return kept + [
        (name, ", ".join([*sent, value]) if name == "X-Forwarded-For" else value) for name, value in forwarded
    ]


def request_time(now_ms: int) -> str:
    """As in `29/Nov/2023:08:04:03 +0000`; months in English whatever the locale."""
    at = time.gmtime(now_ms / 1000)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{at.tm_mday:02}/{_MONTHS[at.tm_mon - 1]}/{at.tm_year}:{clock} +0000"


def _canonical(name: str) -> str:
    parts = (part.capitalize() for part in name.split("-"))
    return "-".join(_SPELLINGS.get(part, part) for part in parts)


def _sorted(headers: Pairs) -> Pairs:
    return sorted(headers, key=lambda pair: pair[0].lower())


def _multi(pairs: Pairs) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists
