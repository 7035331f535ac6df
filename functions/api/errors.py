"""Errors of the HTTP API: `{"error": code, "message": text}`."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from functions.adapters.redis_client import StateUnavailable
from functions.adapters.room_log import LogUnavailable
from functions.adapters.secrets import SecretUnavailable
from functions.rooms.identity import Malformed
from functions.rooms.refusal import Refusal

log = logging.getLogger(__name__)


class Error(BaseModel):
    """What went wrong, for programs and for people."""

    error: str
    message: str


_CODES = {401: "unauthorized", 403: "not_allowed", 404: "not_found", 405: "not_allowed"}
_DESCRIPTIONS = {
    400: "Something in the request cannot be meant",
    401: "No valid token",
    403: "The token does not allow it, or is for another room",
    503: "A server does not answer",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for its description."""
    return {status: {"model": Error, "description": _DESCRIPTIONS[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Have `app` answer every error in this shape."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        return answer(400, "bad_field", "; ".join(problems))

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
        return response

    @app.exception_handler(SecretUnavailable)
    async def keyless(request: Request, error: SecretUnavailable) -> JSONResponse:
        log.error("no token can be verified or made: %s", error)
        return answer(503, "unavailable", "the keys of tokens are out of reach")

    @app.exception_handler(StateUnavailable)
    @app.exception_handler(LogUnavailable)
    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        return answer(503, "unavailable", f"a server is out of reach: {error}")


def answer(status: int, code: str, message: str) -> JSONResponse:
    """One error."""
    # A message quotes what was sent, which may hold what UTF-8 cannot carry.
    return JSONResponse({"error": code, "message": message.encode("utf-8", "replace").decode()}, status)
