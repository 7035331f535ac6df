"""What API Gateway hands the functions of a WebSocket API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Handshake:
    """A `$connect` as the authorizer sees it: who asks, and where it leads. Header names are in lower case."""

    method_arn: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        """Read an authorizer's REQUEST event. There is no `queryStringParameters` when nothing was asked."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        return cls(event["methodArn"], event.get("queryStringParameters") or {}, headers)

    @property
    def offered(self) -> tuple[str, ...]:
        """The subprotocols that the client offers, in its order."""
        offered = self.headers.get("sec-websocket-protocol", "")
        return tuple(name.strip() for name in offered.split(",") if name.strip())


@dataclass(frozen=True)
class ConnectionEvent:
    """A CONNECT, MESSAGE or DISCONNECT event. `context` is the authorizer's; `query` is a CONNECT's, `body` a
    MESSAGE's."""

    connection_id: str
    context: Mapping[str, str]
    query: Mapping[str, str]
    body: str

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        """Read the event of a route."""
        request = event["requestContext"]
        return cls(
            request["connectionId"],
            request.get("authorizer") or {},
            event.get("queryStringParameters") or {},
            event.get("body") or "",
        )
