"""The HTTP API: FastAPI behind Mangum, which is the handler."""

from functions.api.app import handler

__all__ = ["handler"]
