import json
import re
from dataclasses import replace

import httpx

from functions.api.app import app
from tests.functions.api.site import Site

PATHS = ("/api/openapi.json", "/api/docs")
PARTS = ("page.css", "start.js", "swagger-ui.css", "swagger-ui-bundle.js")
# Lambda's answer has at most 6 MB, as JSON.
LARGEST = 5_000_000


async def test_the_description_and_the_page_that_shows_it_are_there_for_everybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/openapi.json", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, app.openapi())
    assert (await client.get("/api/docs", headers={"Authorization": ""})).status_code == 200


async def test_the_page_has_all_its_parts_from_this_api(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert set(wanted) == {"data:,", "/api/openapi.json", *(f"/api/docs/{name}" for name in PARTS)}
    for name in PARTS:
        part = await client.get(f"/api/docs/{name}", headers={"Authorization": ""})
        kind = "text/css" if name.endswith("css") else "text/javascript"
        assert (part.status_code, part.headers["content-type"]) == (200, f"{kind}; charset=utf-8"), name
        assert 0 < len(json.dumps(part.text)) < LARGEST, name


async def test_nothing_but_the_pages_own_files_may_run(client: httpx.AsyncClient) -> None:
    for path in ("/api/docs", *(f"/api/docs/{name}" for name in PARTS)):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert "//" not in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
    page = (await client.get("/api/docs")).text
    assert not re.search(r"<style|style=|<script>|\bon\w+=", page)


async def test_nothing_else_is_among_the_parts(client: httpx.AsyncClient) -> None:
    for name in ("index.html", "swagger-ui.js", "favicon-32x32.png", "__init__.py", "..%2Fdocs.py", "x"):
        assert (await client.get(f"/api/docs/{name}")).status_code == 404, name


async def test_a_stage_that_hides_them_answers_as_for_a_path_that_is_not_there(
    client: httpx.AsyncClient, site: Site
) -> None:
    site.parts = replace(site.parts, shows_docs=False)
    unknown = await client.get("/api/nothing")
    for path in (*PATHS, *(f"/api/docs/{name}" for name in PARTS), "/api/redoc", "/api/docs/oauth2-redirect"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (404, unknown.json()), path
