"""Orders for places, answered without the framework, which takes a third of the CPU of such a call. All readers of a
large audience make one every few minutes, and hardly anybody else calls the API as often.

An order that is anything but well formed is left to the framework before anything is done, so there is one place that
says what is wrong. Both ways end in `take_or_renew` of place.py, and errors have the framework's handlers.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from functions.api.parts import ApiParts
from functions.api.place import PlaceOrder, take_or_renew
from functions.api.problems import is_json
from functions.aws_events.http import HttpRequest
from functions.rooms.identity import MAX_ACTIVITY_ID
from functions.runtime.entry import JsonObject

log = logging.getLogger(__name__)

# Of the framework, by the kind of the error.
Handlers = Mapping[Any, Any]

_PATH = re.compile(r"/api/activities/([1-9][0-9]{0,15})/place")
# Of a handler that looks at none of it.
_NO_REQUEST = Request({"type": "http", "method": "POST", "path": "", "headers": []})


async def answer_directly(event: JsonObject, parts: ApiParts, handlers: Handlers) -> JsonObject | None:
    """The response to a well-formed order for a place; None for all else, of which nothing was done."""
    request = HttpRequest.parse(event)
    found = _PATH.fullmatch(request.path) if request.method == "POST" else None
    order = _order(event, request) if found else None
    if not found or order is None or int(found[1]) > MAX_ACTIVITY_ID:
        return None
    try:
        if not await parts.admission.edge.lets_in(request.headers):
            return None
        origin, bearer = request.headers.get("origin", ""), _bearer(request)
        response = await take_or_renew(int(found[1]), origin, bearer, parts, order)
    except Exception as error:
        response = await _handled(error, handlers)
    body = bytes(response.body).decode()
    return {"statusCode": response.status_code, "headers": dict(response.headers), "body": body}


def _order(event: JsonObject, request: HttpRequest) -> PlaceOrder | None:
    if event.get("isBase64Encoded") or not is_json(request.headers.get("content-type", "")):
        return None
    try:
        return PlaceOrder.model_validate(json.loads(event.get("body", "")))
    except (ValueError, RecursionError, ValidationError):
        return None


def _bearer(request: HttpRequest) -> HTTPAuthorizationCredentials | None:
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    is_bearer = scheme.lower() == "bearer" and token
    return HTTPAuthorizationCredentials(scheme=scheme, credentials=token) if is_bearer else None


async def _handled(error: Exception, handlers: Handlers) -> Response:
    kind = next(kind for kind in type(error).__mro__ if kind in handlers)
    if kind is Exception:
        log.error("an order for a place failed", exc_info=error)
    response: Response = await handlers[kind](_NO_REQUEST, error)
    return response
