"""Errors of the HTTP API: `{"error": code, "message": text}`."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from unicodedata import category

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from functions.adapters.aws.credentials import NoCredentials
from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.dynamodb.table import TableUnavailable
from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.api.problems import NOT_JSON, summary
from functions.rooms.identity import Malformed
from functions.rooms.refusal import Refusal
from functions.usecases.once import Unsettled

log = logging.getLogger(__name__)

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# Control characters, half surrogate pairs, the separators of lines and paragraphs.
_BREAKING = ("Cc", "Cs", "Zl", "Zp")
OURS = "this is a mistake of ours, and has been logged"


class Error(BaseModel):
    """What went wrong, for programs and for people."""

    error: str = Field(examples=["bad_field"])
    message: str = Field(examples=["body.seconds: is missing"])


class NotAllowed(HTTPException):
    """A 403; `code` says which."""

    def __init__(self, message: str, *, code: str = "not_allowed") -> None:
        super().__init__(403, message)
        self.code = code


_CODES = {
    400: "bad_field",
    401: "unauthorized",
    403: "not_allowed",
    404: "not_found",
    405: "not_allowed",
    429: "too_often",
}
_DESCRIPTIONS = {
    400: ("Something in the request is invalid", "body.name: is missing"),
    401: ("No valid token", "a bearer token is needed"),
    403: ("The token does not allow it, is for another room, or its user is banned", "the token is for another room"),
    404: ("There is no such thing any more", "the place was given up, take another"),
    429: ("Too many calls; Retry-After says when to call again", "you come to this room too often, try again later"),
    503: ("A server does not answer", "Redis does not answer, try again"),
}
_AWAY: dict[type[Exception], str] = {
    StateUnavailable: "Redis does not answer, try again",
    LogUnavailable: "Kafka does not answer, try again",
    SecretUnavailable: "the keys of tokens are out of reach",
    TableUnavailable: "the table does not answer, try again",
    NoCredentials: "connections cannot be reached for want of credentials",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for its description."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    description, message = _DESCRIPTIONS[status]
    example = {"error": _CODES.get(status, "unavailable"), "message": message}
    return {"model": Error, "description": description, "content": {"application/json": {"example": example}}}


def install(app: FastAPI) -> None:
    """Have `app` answer every error in this shape."""
    app.add_exception_handler(Malformed, _answering(400, "bad_field", str))
    app.add_exception_handler(Unsettled, _answering(503, "unavailable", str))
    app.add_exception_handler(Exception, _answering(500, "error", lambda _: OURS))
    for kind, message in _AWAY.items():
        app.add_exception_handler(kind, _away(message))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(400, "bad_field", summary(request, error))

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return answer(400, error.code, error.message)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = error.code if isinstance(error, NotAllowed) else _CODES.get(error.status_code, "error")
        # The framework's own 400 is for a body that it cannot read.
        response = answer(error.status_code, code, NOT_JSON if error.status_code == 400 else str(error.detail))
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(_methods(request))
        return response


def _answering(status: int, code: str, message: Callable[[Any], str]) -> Callable[..., Awaitable[JSONResponse]]:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        return answer(status, code, message(error))

    return handle


def _away(message: str) -> Callable[..., Awaitable[JSONResponse]]:
    # Only the log says which address does not answer: anybody may ask for /api/health.
    async def handle(request: Request, error: Exception) -> JSONResponse:
        log.error("%s: %s", message, error)
        return answer(503, "unavailable", message)

    return handle


def _methods(request: Request) -> list[str]:
    """Every method of a path. Starlette itself names only the method of the first route with the path."""
    routes: list[BaseRoute] = request.app.routes
    scopes = [(method, {**request.scope, "method": method}) for method in METHODS]
    return [method for method, scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def answer(status: int, code: str, message: str) -> JSONResponse:
    """An error in the protocol's shape."""
    # A message quotes what was sent, which may hold line breaks, and what UTF-8 cannot encode.
    line = "".join("?" if category(character) in _BREAKING else character for character in message)
    return JSONResponse({"error": code, "message": line}, status)
