"""The events that API Gateway passes to a function, in their shape since 2022.

Faithful: the keys, their order and types; a key that does not apply is absent, not null; `requestId` equals
`extendedRequestId`; header names in their canonical case on CONNECT; the last value of a repeated query parameter is in
the single-valued map. Only the authorizer's event has Connection, Upgrade and content-length.
Not faithful: the server lower-cases header names, so the case that a client used is guessed (`x-foo` arrives as
`X-Foo`).
Not known: the place of the authorizer's context in `requestContext` (here last), and the maps of an authorizer's event
without a query (here empty, as for REST APIs).
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from functions.manifest import STAGE
from local.aws.function import JsonObject

Pairs = list[tuple[str, str]]

_NOT_IN_CONNECT = {"connection", "upgrade", "content-length", "keep-alive", "proxy-connection"}
_SPELLINGS = {"Websocket": "WebSocket", "Dnt": "DNT", "Te": "TE"}


@dataclass(frozen=True, kw_only=True)
class Api:
    """What every event of one WebSocket API says about it. `domain_name` is host, or host:port."""

    domain_name: str
    stage: str = STAGE
    api_id: str = "local00000"
    region: str = "us-east-1"
    account_id: str = "000000000000"

    @property
    def connect_arn(self) -> str:
        """The `methodArn` that an authorizer is asked about."""
        return f"arn:aws:execute-api:{self.region}:{self.account_id}:{self.api_id}/{self.stage}/$connect"


@dataclass(frozen=True, kw_only=True)
class Session:
    """What all events of one connection share. `authorizer` is None if the API has no authorizer."""

    connection_id: str
    connected_at_ms: int
    source_ip: str
    user_agent: str | None
    authorizer: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """One event: its request id and its time, in ms since the epoch."""

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
    """The event of `$connect`; `headers` as `canonical_headers` returns them, `query` decoded, both in their order."""
    shown = _sorted(headers)
    parameters = {"queryStringParameters": dict(query), "multiValueQueryStringParameters": _multi(query)}
    return {
        "headers": dict(shown),
        "multiValueHeaders": _multi(shown),
        **(parameters if query else {}),
        "requestContext": _context(api, session, occasion, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }


def message(api: Api, session: Session, occasion: Occasion, *, message_id: str, body: str) -> JsonObject:
    context = _context(api, session, occasion, "$default", "MESSAGE", own={"messageId": message_id})
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect(api: Api, session: Session, occasion: Occasion, *, code: int, reason: str) -> JsonObject:
    own = {"disconnectStatusCode": code}
    headers = [("Host", api.domain_name), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    return {
        "headers": dict(headers),
        "multiValueHeaders": _multi(headers),
        "requestContext": _context(api, session, occasion, "$disconnect", "DISCONNECT", own=own, reason=reason),
        "isBase64Encoded": False,
    }


def _context(
    api: Api,
    session: Session,
    occasion: Occasion,
    route_key: str,
    event_type: str,
    *,
    own: Mapping[str, int | str] = {},
    reason: str | None = None,
) -> JsonObject:
    """`own` are the keys that only this type of event has."""
    user_agent = {} if session.user_agent is None else {"userAgent": session.user_agent}
    return {
        "routeKey": route_key,
        **own,
        "eventType": event_type,
        "extendedRequestId": occasion.request_id,
        "requestTime": request_time(occasion.now_ms),
        "messageDirection": "IN",
        **({} if reason is None else {"disconnectReason": reason}),
        "stage": api.stage,
        "connectedAt": session.connected_at_ms,
        "requestTimeEpoch": occasion.now_ms,
        "identity": {**user_agent, "sourceIp": session.source_ip},
        "requestId": occasion.request_id,
        "domainName": api.domain_name,
        "connectionId": session.connection_id,
        "apiId": api.api_id,
        **({} if session.authorizer is None else {"authorizer": session.authorizer}),
    }


def canonical_headers(headers: Pairs, forwarded: Pairs) -> Pairs:
    """A request's headers with their usual names, without hop-by-hop headers, and with those that the gateway adds.

    `forwarded` are the added ones. The client's own X-Forwarded-For stays, before the gateway's.
    """
    pairs = [(_canonical(name), value) for name, value in headers if name not in _NOT_IN_CONNECT]
    sent = [value for name, value in pairs if name == "X-Forwarded-For"]
    added = {name for name, _ in forwarded}
    kept = [pair for pair in pairs if pair[0] not in added]
    return kept + [
        (name, ", ".join([*sent, value]) if name == "X-Forwarded-For" else value) for name, value in forwarded
    ]


def request_time(now_ms: int) -> str:
    """As in `29/Nov/2023:08:04:03 +0000`. The month is English, because no part of the emulator sets a locale."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now_ms / 1000))


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
