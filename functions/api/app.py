"""The HTTP API's application: one router a subject, errors in the protocol's shape."""

from fastapi import Depends
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.handlers import HTTPGateway
from mangum.protocols import HTTPCycle
from mangum.types import LambdaConfig

from functions.api import (
    activities,
    acts,
    admission,
    bans,
    caller,
    docs,
    health,
    idempotency,
    messages,
    moderation,
    place,
    properties,
    report,
    sanctions,
    tokens,
    users,
    watch_time,
    words,
)
from functions.api.auth import by_edge
from functions.api.description import Api
from functions.api.direct import answer_directly
from functions.api.errors import install
from functions.api.parts import ApiParts, build
from functions.api.path import OneSpelling
from functions.runtime.entry import Entry, JsonObject

app = Api(
    title="Live rooms",
    description="What a platform asks of its live rooms.",
    version="1",
    dependencies=[Depends(by_edge)],
    # A stage may hide these, so they are routes of docs.py.
    openapi_url=None,
    # A path with a slash too many is not found: a redirect would send the token a second time.
    redirect_slashes=False,
    generate_unique_id_function=lambda route: route.name,
)
install(app)
idempotency.install(app)
app.add_middleware(OneSpelling)
for subject in (
    *(docs, health, activities, admission, properties, messages, watch_time, report),
    *(place, moderation, sanctions, acts, bans, words, caller, tokens, users),
):
    app.include_router(subject.router, prefix="/api")

_CONFIG = LambdaConfig(api_gateway_base_path="/", text_mime_types=DEFAULT_TEXT_MIME_TYPES, exclude_headers=[])


async def main(event: JsonObject, parts: ApiParts) -> JsonObject:
    """One request of the HTTP API, and its response, in payload format 2.0."""
    return await answer_directly(event, parts, app.exception_handlers) or await by_framework(event, parts)


async def by_framework(event: JsonObject, parts: ApiParts) -> JsonObject:
    """As `main`, through the application."""
    gateway = HTTPGateway(event, None, _CONFIG)  # type: ignore[arg-type]  # no route reads the context
    # An HTTP API decodes the path before it sends `rawPath`, whatever the name says. Mangum would decode it once more.
    cycle = HTTPCycle({**gateway.scope, "path": event["rawPath"], "state": {"parts": parts}}, gateway.body)
    # Not Mangum's own call, which needs an event loop that does not run yet.
    await cycle.run(app)
    return gateway({"status": cycle.status, "headers": cycle.headers, "body": cycle.body})


handler = Entry("api", main, build, late_imports=["boto3"])
