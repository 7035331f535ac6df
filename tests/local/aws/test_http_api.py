import asyncio
import base64
from typing import Any

import httpx
import pytest

from local.aws.function import FunctionError, JsonObject
from local.aws.http_api import BODY_LIMIT, read_response
from local.aws.http_payload import HttpApiConfig
from local.aws.integration import MalformedAnswerError
from tests.local.aws.conftest import Serve
from tests.local.aws.serving import Functions, Site


async def fetch(site: Site, path: str = "/api/health", method: str = "GET", **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.request(method, site.http + path, **options)


async def test_status_headers_cookies_and_body_become_the_response(site: Site, functions: Functions) -> None:
    functions.answers["api"] = {
        "statusCode": 201,
        "headers": {"Content-Type": "text/html", "X-Number": 7, "Content-Length": "999"},
        "cookies": ["a=1; Path=/", "b=2"],
        "body": "grüezi",
    }
    response = await fetch(site)
    assert (response.status_code, response.text) == (201, "grüezi")
    assert response.headers["content-type"] == "text/html"
    assert response.headers["x-number"] == "7"
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    assert response.headers["apigw-requestid"] == functions.of("api")[0]["requestContext"]["requestId"]


async def test_a_base64_body_is_sent_as_bytes(site: Site, functions: Functions) -> None:
    body = base64.b64encode(b"\x00\xff").decode()
    functions.answers["api"] = {"statusCode": 200, "body": body, "isBase64Encoded": True}
    assert (await fetch(site)).content == b"\x00\xff"


async def test_without_a_status_the_answer_is_the_body(site: Site, functions: Functions) -> None:
    for answer, body in (("Hello", "Hello"), ({"a": 1}, '{"a":1}'), ([1], "[1]"), (None, "null"), (7, "7")):
        functions.answers["api"] = answer
        response = await fetch(site)
        assert (response.status_code, response.text) == (200, body)
        assert response.headers["content-type"] == "application/json", body


async def test_a_function_that_fails_is_500(site: Site, functions: Functions) -> None:
    for answer in (FunctionError("ValueError", "boom"), {"statusCode": "ok"}, {"statusCode": 200, "body": 1}):
        functions.answers["api"] = answer
        response = await fetch(site)
        assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"}), answer


async def test_a_function_that_takes_too_long_is_503(serve: Serve, functions: Functions) -> None:
    async def never(event: JsonObject) -> None:
        await asyncio.Event().wait()

    functions.answers["api"] = never
    site = await serve(http_timeout_seconds=0.02)
    response = await fetch(site)
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


async def test_a_body_above_10_mb_is_413(site: Site, functions: Functions) -> None:
    response = await fetch(site, method="POST", content=b"x" * (BODY_LIMIT + 1))
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})
    assert functions.of("api") == []


async def test_a_path_that_is_no_route_is_404(site: Site, functions: Functions) -> None:
    for path in ("/api", "/api/", "/apix"):
        response = await fetch(site, path)
        assert (response.status_code, response.json()) == (404, {"message": "Not Found"}), path
    assert functions.of("api") == []


async def test_a_head_request_gets_no_body(site: Site, functions: Functions) -> None:
    functions.answers["api"] = {"statusCode": 200, "body": "x"}
    response = await fetch(site, method="HEAD")
    assert (response.status_code, response.content) == (200, b"")


def is_malformed(**result: Any) -> bool:
    try:
        read_response({"statusCode": 200, **result})
    except MalformedAnswerError:
        return True
    return False


def test_headers_that_are_none_are_malformed() -> None:
    assert not is_malformed(headers={"X": "a"})
    for headers in ({"X": "a\r\nY: b"}, {"a b": "c"}, {"": "x"}, ["x"]):
        assert is_malformed(headers=headers), headers


def test_cookies_that_are_none_are_malformed() -> None:
    assert not is_malformed(cookies=["a=1"])
    for cookies in ("a=1", ["a=1\r\nX: y"]):
        assert is_malformed(cookies=cookies), cookies


def test_the_routes_come_from_the_manifest() -> None:
    configs = HttpApiConfig.from_manifest(domain_name="127.0.0.1:8000")
    assert [(config.path, config.function) for config in configs] == [
        ("/api/{proxy+}", "api"),
        ("/gallery/{proxy+}", "gallery"),
    ]


@pytest.mark.parametrize("path", ["/api", "/api/{id}", "/{a}/{proxy+}", "{proxy+}"])
def test_a_route_of_another_kind_is_refused_by_name(path: str) -> None:
    with pytest.raises(ValueError, match="HTTP route"):
        HttpApiConfig(domain_name="x", path=path, function="api")
