"""The HTTP API's application: one router a subject, errors in the protocol's shape."""

import asyncio
import os
from functools import cache
from typing import Any
from urllib.parse import quote

from mangum import Mangum

from functions import log_lines
from functions.api import activities, health, messages, moderation, tokens, watch_time, words
from functions.api.auth import door
from functions.api.description import Api
from functions.api.errors import install
from functions.api.parts import api_parts, archive_parts
from functions.entry import JsonObject
from functions.log_lines import LogLines
from functions.snapshot import at_snapshot

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
log = LogLines(os.environ)


@cache
def _adapter() -> Mangum:
    # It makes this process' one event loop and runs every request in it, so the clients in `parts` live as long.
    return Mangum(app, lifespan="off")


def handler(event: JsonObject, context: Any) -> JsonObject:
    """One request of the HTTP API, and its response, in payload format 2.0."""
    log.belong_to(event, context)
    return _adapter()(_with_encoded_path(event), context)


def _with_encoded_path(event: JsonObject) -> JsonObject:
    # An HTTP API hands the path on decoded, whatever `rawPath` is called, and Mangum decodes what it is given.
    request = event["requestContext"]
    return event | {"requestContext": request | {"http": request["http"] | {"path": quote(event["rawPath"])}}}


def _prepare() -> None:
    """Make the loop and the parts, which the first requests do otherwise; raises SettingsError."""
    _adapter()
    for part in (api_parts, archive_parts, door):
        asyncio.get_event_loop().run_until_complete(part())


at_snapshot(_prepare, environment=os.environ, late_imports=[*log_lines.LATE_IMPORTS, "boto3"])
