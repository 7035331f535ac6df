"""The HTTP API's application: one router a subject, errors in the protocol's shape."""

from functools import cache
from typing import Any
from urllib.parse import quote

from mangum import Mangum

from functions.api import activities, health, messages, moderation, tokens, watch_time, words
from functions.api.description import Api
from functions.api.errors import install
from functions.entry import JsonObject

app = Api(
    title="Live rooms",
    description="What a platform asks of its live rooms.",
    version="1",
    openapi_url="/api/openapi.json",
    docs_url="/api/docs",
    redoc_url=None,
    # A path with a slash too many is no path of ours: a redirect would send the token to it once more.
    redirect_slashes=False,
    generate_unique_id_function=lambda route: route.name,
)
install(app)
for subject in (health, activities, messages, watch_time, moderation, words, tokens):
    app.include_router(subject.router, prefix="/api")


@cache
def _adapter() -> Mangum:
    # It makes this process' one event loop and runs every request in it, so the clients in `parts` live as long.
    return Mangum(app, lifespan="off")


def handler(event: JsonObject, context: Any) -> JsonObject:
    """One request of the HTTP API, and its response, in payload format 2.0."""
    return _adapter()(_with_encoded_path(event), context)


def _with_encoded_path(event: JsonObject) -> JsonObject:
    # An HTTP API hands the path on decoded, whatever `rawPath` is called, and Mangum decodes what it is given.
    request = event["requestContext"]
    return event | {"requestContext": request | {"http": request["http"] | {"path": quote(event["rawPath"])}}}
