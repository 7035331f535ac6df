"""The HTTP API's application: one router a subject, errors in the protocol's shape."""

from functools import cache
from typing import Any

from fastapi import FastAPI
from mangum import Mangum

from functions.api import activities, health, messages, moderation, tokens, words
from functions.api.errors import install
from functions.entry import JsonObject

app = FastAPI(
    title="Live rooms",
    description="What a platform asks of its live rooms.",
    version="1",
    openapi_url="/api/openapi.json",
    docs_url="/api/docs",
    redoc_url=None,
)
install(app)
for subject in (health, activities, messages, moderation, words, tokens):
    app.include_router(subject.router, prefix="/api")


@cache
def _adapter() -> Mangum:
    # It makes this process' one event loop and runs every request in it, so the clients in `parts` live as long.
    return Mangum(app, lifespan="off")


def handler(event: JsonObject, context: Any) -> JsonObject:
    """One request of the HTTP API, and its response, in payload format 2.0."""
    return _adapter()(event, context)
