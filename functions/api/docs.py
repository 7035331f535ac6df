"""The API's own description, and a page to try it, Swagger UI: a stage may keep both to itself.

The page needs nothing from elsewhere. Swagger UI's files come with a package, and are read when they are asked for.
"""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from functions.api.parts import Parts

OWN = "functions.api.swagger"
# The package that each part of the page lies in.
PLACES = {
    "page.css": OWN,
    "start.js": OWN,
    "swagger-ui.css": "fastapi_swagger.resources",
    "swagger-ui-bundle.js": "fastapi_swagger.resources",
}
# Only the page's own files run. The icons of Swagger UI are data in its style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript"}


async def _shown(parts: Parts) -> None:
    # As an unknown path is answered.
    if not parts.shows_docs:
        raise HTTPException(404)


router = APIRouter(include_in_schema=False, dependencies=[Depends(_shown)])


@router.get("/openapi.json")
async def description(request: Request) -> Any:
    return request.app.openapi()


@router.get("/docs")
async def page() -> Response:
    return _file(OWN, "index.html")


@router.get("/docs/{name}")
async def part_of_page(name: str) -> Response:
    if name not in PLACES:
        raise HTTPException(404)
    return _file(PLACES[name], name)


def _file(place: str, name: str) -> Response:
    headers = {
        "Cache-Control": "no-cache" if name.endswith(".html") else "max-age=3600",
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    content = (files(place) / name).read_bytes()
    return Response(content, headers=headers, media_type=f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8")
