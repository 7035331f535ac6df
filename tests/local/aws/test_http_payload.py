import base64

import httpx
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from local.aws.function import JsonObject
from tests.local.aws.serving import Functions, Site, golden, shape


async def event_of(
    site: Site, path: str = "/api/activities/42/notices?limit=5&tag=a&tag=b", **options: object
) -> JsonObject:
    """The event one request became."""
    site.functions.answers["api"] = {"statusCode": 200}
    before = len(site.functions.of("api"))
    sent = {
        "method": "POST",
        "headers": {"user-agent": "golden/1.0"},
        "content": b'{"name":"sale"}',
        **options,
    }
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        client.headers.clear()
        await client.request(url=site.http + path, **sent)  # type: ignore[arg-type]
    return await site.functions.called("api", before + 1)


async def test_the_event_has_the_keys_their_order_and_the_types_of_the_golden_one(site: Site) -> None:
    headers = {
        "Host": f"127.0.0.1:{site.port}",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "golden/1.0",
        "Cookie": "theme=dark; lang=en",
        "Connection": "keep-alive",
    }
    event = await event_of(site, headers=headers)
    expected = golden("http_api")
    assert shape(event) == shape(expected)
    for key in ("version", "routeKey", "rawPath", "rawQueryString", "cookies", "queryStringParameters"):
        assert event[key] == expected[key], key
    assert event["body"] == expected["body"]
    assert event["pathParameters"] == expected["pathParameters"]


async def test_what_does_not_apply_is_absent(site: Site) -> None:
    event = await event_of(site, "/api/health", method="GET", content=b"")
    for key in ("cookies", "queryStringParameters", "body", "stageVariables"):
        assert key not in event
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False


async def test_the_path_is_decoded_and_the_query_string_is_not(site: Site) -> None:
    event = await event_of(site, "/api/users/J%C3%BCrgen?name=J%C3%BCrgen%20K")
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/api/users/Jürgen"
    assert event["pathParameters"] == {"proxy": "users/Jürgen"}
    assert event["rawQueryString"] == "name=J%C3%BCrgen%20K"
    assert event["queryStringParameters"] == {"name": "Jürgen K"}


async def test_repeated_headers_are_joined(site: Site) -> None:
    event = await event_of(site, headers=[("X-One", "a"), ("x-one", "b"), ("Cookie", "a=1"), ("Cookie", "b=2; c=3")])
    assert event["headers"]["x-one"] == "a,b"
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


async def test_what_is_no_text_is_base64(site: Site) -> None:
    cases: list[tuple[dict[str, str], bytes, str | None]] = [
        ({"content-type": "application/json; charset=utf-8"}, "grüezi".encode(), "grüezi"),
        ({"content-type": "text/plain"}, b"a", "a"),
        ({"content-type": "application/problem+json"}, b"{}", "{}"),
        ({}, b"a", "a"),
        ({"content-type": "application/octet-stream"}, b"\x00\xff", None),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=1", None),
        ({"content-type": "text/plain"}, b"\xff", None),
        ({"content-type": "text/plain", "content-encoding": "gzip"}, b"a", None),
    ]
    for headers, body, text in cases:
        event = await event_of(site, headers=headers, content=body)
        assert event["isBase64Encoded"] is (text is None), headers
        assert event["body"] == (base64.b64encode(body).decode() if text is None else text), headers


async def test_powertools_reads_the_event(site: Site, functions: Functions) -> None:
    event = APIGatewayProxyEventV2(await event_of(site))
    assert event.http_method == "POST"
    assert event.path == "/api/activities/42/notices"
    assert event.json_body == {"name": "sale"}
    assert event.request_context.http.user_agent == "golden/1.0"
    assert event.query_string_parameters["limit"] == "5"
