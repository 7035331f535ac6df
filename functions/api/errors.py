"""Errors of the HTTP API: `{"error": code, "message": text}`."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from functions.adapters.redis_client import StateUnavailable
from functions.adapters.room_log import LogUnavailable
from functions.rooms.identity import Malformed


class Error(BaseModel):
    """What went wrong, for programs and for people."""

    error: str
    message: str


_CODES = {404: "not_found", 405: "not_allowed"}


def install(app: FastAPI) -> None:
    """Have `app` answer every error in this shape."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        return answer(400, "bad_field", "; ".join(problems))

    @app.exception_handler(Malformed)
    async def malformed(request: Request, error: Malformed) -> JSONResponse:
        return answer(400, "bad_field", str(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(error.status_code, _CODES.get(error.status_code, "error"), str(error.detail))

    @app.exception_handler(StateUnavailable)
    @app.exception_handler(LogUnavailable)
    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        return answer(503, "unavailable", f"a server is out of reach: {error}")


def answer(status: int, code: str, message: str) -> JSONResponse:
    """One error."""
    # A message quotes what was sent, which may hold what UTF-8 cannot carry.
    return JSONResponse({"error": code, "message": message.encode("utf-8", "replace").decode()}, status)
