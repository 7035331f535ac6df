"""The events of a WebSocket API of API Gateway.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

EventType = Literal["CONNECT", "MESSAGE", "DISCONNECT"]


class Misrouted(ValueError):
    """A function was invoked for another type of event than its route's."""


@dataclass(frozen=True)
class Handshake:
    """The authorizer's event for a `$connect`.

    `queries` has all values of each parameter. `headers` has the lines of each header joined by commas, as RFC 9110
    reads them; names are in lower case.
    """

    method_arn: str
    queries: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        """Read an authorizer's REQUEST event. Without a query it has no `queryStringParameters`."""
        headers: dict[str, str] = {}
        for name, lines in _values(event, "headers", "multiValueHeaders").items():
            # Lines whose names differ in case are lines of one header.
            headers[name.lower()] = ", ".join([*filter(None, [headers.get(name.lower())]), *lines])
        return cls(event["methodArn"], _values(event, *_QUERY), headers)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The last value of each parameter."""
        return _last(self.queries)

    @property
    def offered(self) -> tuple[str, ...]:
        """The subprotocols that the client offers, in its order."""
        offered = self.headers.get("sec-websocket-protocol", "")
        return tuple(name.strip() for name in offered.split(",") if name.strip())


@dataclass(frozen=True)
class ConnectionEvent:
    """A CONNECT, MESSAGE or DISCONNECT event. `context` is the authorizer's. Only a CONNECT has a `query`, and only a
    MESSAGE has a `body`. `connected_at` is in ms since the epoch."""

    connection_id: str
    connected_at: int
    context: Mapping[str, str]
    query: Mapping[str, str]
    body: str

    @classmethod
    def parse(cls, event: Mapping[str, Any], type_: EventType) -> Self:
        """Read an event of this type. Raises Misrouted: a frame could name a route, and must not be taken for a
        close."""
        request = event["requestContext"]
        if request.get("eventType", type_) != type_:
            raise Misrouted(f"a {request['eventType']} event at the route for {type_}")
        return cls(
            request["connectionId"],
            request["connectedAt"],
            request.get("authorizer") or {},
            _last(_values(event, *_QUERY)),
            event.get("body") or "",
        )


_QUERY = ("queryStringParameters", "multiValueQueryStringParameters")


def _values(event: Mapping[str, Any], single: str, multiple: str) -> dict[str, Sequence[str]]:
    """All values of each name, in the client's order. The map `single` has one of them: of a header on several lines,
    that is not what the client said."""
    return {name: [value] for name, value in (event.get(single) or {}).items()} | (event.get(multiple) or {})


def _last(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: given[-1] for name, given in values.items() if given}
