"""A request of the HTTP API, in payload format 2.0, and its response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class HttpRequest:
    """`path` is decoded, as an HTTP API hands it on. The names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        return cls(event["requestContext"]["http"]["method"], event["rawPath"], event.get("headers") or {})


def response(status: int, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """A response with a body of JSON."""
    return {"statusCode": status, "headers": {"content-type": "application/json", **headers}, "body": body}
