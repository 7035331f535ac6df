"""Errors of the HTTP API: `{"error": code, "message": text}`."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from functions.adapters.credentials import NoCredentials
from functions.adapters.dynamodb import TableUnavailable
from functions.adapters.redis_client import StateUnavailable
from functions.adapters.room_log import LogUnavailable
from functions.adapters.secrets import SecretUnavailable
from functions.rooms.identity import Malformed
from functions.rooms.refusal import Refusal

log = logging.getLogger(__name__)

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# Of a body with a million wrong fields so many are named, and of a field's name so much.
PROBLEMS_NAMED = 3
PROBLEM_LENGTH = 200


class Error(BaseModel):
    """What went wrong, for programs and for people."""

    error: str = Field(examples=["bad_field"])
    message: str = Field(examples=["body.seconds: Field required"])


_CODES = {400: "bad_field", 401: "unauthorized", 403: "not_allowed", 404: "not_found", 405: "not_allowed"}
_DESCRIPTIONS = {
    400: ("Something in the request cannot be meant", "body.name: Field required"),
    401: ("No valid token", "a bearer token is needed"),
    403: ("The token does not allow it, or is for another room", "the token is for another room"),
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

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(400, "bad_field", _summary(error))

    @app.exception_handler(Malformed)
    async def malformed(request: Request, error: Malformed) -> JSONResponse:
        return answer(400, "bad_field", str(error))

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return answer(400, error.code, error.message)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        response = answer(error.status_code, _CODES.get(error.status_code, "error"), str(error.detail))
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(_methods(request))
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return answer(500, "error", "this is a mistake of ours, and has been logged")

    for kind, message in _AWAY.items():
        app.add_exception_handler(kind, _away(message))


def _away(message: str) -> Callable[[Request, Exception], JSONResponse]:
    # The log alone says which address does not answer: anybody may ask for /api/health.
    def unavailable(request: Request, error: Exception) -> JSONResponse:
        log.error("%s: %s", message, error)
        return answer(503, "unavailable", message)

    return unavailable


def _methods(request: Request) -> list[str]:
    """All that can be done with a path: Starlette itself tells the method of the first route that has it."""
    routes: list[BaseRoute] = request.app.routes
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    return [method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def _summary(error: RequestValidationError) -> str:
    problems = error.errors()
    named = [
        f"{'.'.join(str(part) for part in problem['loc'])[:PROBLEM_LENGTH]}: {problem['msg'][:PROBLEM_LENGTH]}"
        for problem in problems[:PROBLEMS_NAMED]
    ]
    further = len(problems) - len(named)
    return "; ".join(named) + (f"; and {further} more" if further else "")


def answer(status: int, code: str, message: str) -> JSONResponse:
    """One error."""
    # A message quotes what was sent, which may hold what UTF-8 cannot carry.
    return JSONResponse({"error": code, "message": message.encode("utf-8", "replace").decode()}, status)
