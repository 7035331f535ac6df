import asyncio
import re
import socket
from datetime import UTC, datetime
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from local.aws.function import JsonObject
from local.aws.ids import Ids
from tests.local.aws.conftest import Serve
from tests.local.aws.serving import CREDENTIALS, WAIT_SECONDS, Functions, RawClient, Site

GONE_ID = Ids().connection()


def management(site: Site, *, secret: str = CREDENTIALS.secret_key, region: str = "us-east-1") -> Any:
    """A real boto3 client of the site; its calls block, so they go to a thread."""
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"{site.http}/websocket",
        region_name=region,
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=WAIT_SECONDS, proxies={}),
    )


async def call(client: Any, operation: str, **arguments: Any) -> Any:
    return await asyncio.to_thread(getattr(client, operation), **arguments)


async def failed(client: Any, operation: str, **arguments: Any) -> tuple[int, str, str]:
    """Status, code and message of a call that must fail."""
    with pytest.raises(ClientError) as info:
        await call(client, operation, **arguments)
    error, metadata = info.value.response["Error"], info.value.response["ResponseMetadata"]
    return metadata["HTTPStatusCode"], error["Code"], error["Message"]


async def request(site: Site, method: str, path: str, body: bytes = b"", *, signed: bool = True) -> httpx.Response:
    """One request, signed by botocore or not at all."""
    url = f"{site.http}{path}"
    aws = AWSRequest(method=method, url=url, data=body)
    if signed:
        keys = BotoCredentials(CREDENTIALS.access_key, CREDENTIALS.secret_key)
        SigV4Auth(keys, "execute-api", "us-east-1").add_auth(aws)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.request(method, url, content=body, headers=dict(aws.headers.items()))


def path_of(connection_id: str) -> str:
    return "/websocket/%40connections/" + connection_id.replace("=", "%3D")


async def test_boto3_posts_a_text_frame(site: Site) -> None:
    client, connection_id = await site.opened()
    answer = await call(management(site), "post_to_connection", ConnectionId=connection_id, Data="grüezi".encode())
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert await client.recv() == "grüezi"
    await client.close()


async def test_boto3_gets_times_and_identity(site: Site, functions: Functions) -> None:
    client, connection_id = await site.opened(user_agent_header="tester/1")
    answer = await call(management(site), "get_connection", ConnectionId=connection_id)
    connected_at = functions.of("connect")[0]["requestContext"]["connectedAt"]
    assert answer["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "tester/1"}
    assert answer["ConnectedAt"] == datetime.fromtimestamp(connected_at / 1000, UTC)
    assert answer["LastActiveAt"] >= answer["ConnectedAt"]
    await client.close()


async def test_get_answers_in_camel_case_with_milliseconds(site: Site) -> None:
    client, connection_id = await site.opened(user_agent_header=None)
    body = (await request(site, "GET", path_of(connection_id))).json()
    assert list(body) == ["identity", "connectedAt", "lastActiveAt"]
    assert body["identity"] == {"sourceIp": "127.0.0.1"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["connectedAt"])
    await client.close()


async def test_boto3_deletes_and_the_client_and_the_function_are_told(site: Site, functions: Functions) -> None:
    client, connection_id = await site.opened()
    answer = await call(management(site), "delete_connection", ConnectionId=connection_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(ConnectionClosed) as info:
        await client.recv()
    assert info.value.rcvd is not None
    assert info.value.rcvd.code == 1000
    context = (await functions.called("disconnect"))["requestContext"]
    assert context["connectionId"] == connection_id
    assert context["disconnectStatusCode"] == 1000
    assert context["disconnectReason"] == "Connection Closed Normally"
    assert (await failed(management(site), "delete_connection", ConnectionId=connection_id))[0] == 410


async def test_frames_posted_before_a_delete_arrive(site: Site) -> None:
    client, connection_id = await site.opened()
    for text in (b"one", b"two"):
        await request(site, "POST", path_of(connection_id), text)
    await request(site, "DELETE", path_of(connection_id))
    assert [await client.recv(), await client.recv()] == ["one", "two"]
    await client.close()


async def test_boto3_raises_gone_for_an_id_that_is_not_open(site: Site) -> None:
    client = management(site)
    for operation in ("post_to_connection", "get_connection", "delete_connection"):
        arguments = {"Data": b"x"} if operation == "post_to_connection" else {}
        with pytest.raises(ClientError) as info:
            await call(client, operation, ConnectionId=GONE_ID, **arguments)
        assert isinstance(info.value, client.exceptions.GoneException), operation


async def test_gone_is_410_with_an_empty_body_and_its_name_in_a_header(site: Site) -> None:
    response = await request(site, "POST", path_of(GONE_ID), b"x")
    assert response.status_code == 410
    assert response.headers["x-amzn-errortype"] == "GoneException"
    assert response.headers["content-type"] == "application/json"
    assert response.content == b""


async def test_a_closed_connection_is_gone(site: Site, functions: Functions) -> None:
    client, connection_id = await site.opened()
    await client.close()
    await functions.called("disconnect")
    assert (await request(site, "POST", path_of(connection_id), b"x")).status_code == 410


async def test_a_connection_is_gone_while_its_own_handshake_is_pending(site: Site, functions: Functions) -> None:
    statuses: list[int] = []

    async def post_to_oneself(event: JsonObject) -> JsonObject:
        path = path_of(event["requestContext"]["connectionId"])
        statuses.append((await request(site, "POST", path, b"x")).status_code)
        return {"statusCode": 200}

    functions.answers["connect"] = post_to_oneself
    client, connection_id = await site.opened()
    assert statuses == [410]
    assert (await request(site, "POST", path_of(connection_id), b"x")).status_code == 200
    await client.close()


async def test_a_malformed_id_is_a_bad_request(site: Site) -> None:
    for path_id, shown in (("zzz", "zzz"), ("a%20b", "a b"), ("a/b", "a/b"), ("", "")):
        response = await request(site, "POST", f"/websocket/%40connections/{path_id}", b"x")
        assert response.status_code == 400, path_id
        assert response.headers["x-amzn-errortype"] == "BadRequestException", path_id
        assert response.json() == {"message": f"Invalid connectionId: {shown}"}


async def test_boto3_sees_a_malformed_id_as_a_plain_client_error(site: Site) -> None:
    status, code, message = await failed(management(site), "get_connection", ConnectionId="zzz")
    assert (status, code, message) == (400, "BadRequestException", "Invalid connectionId: zzz")


async def test_a_payload_above_128_kb_is_too_large(site: Site) -> None:
    client, connection_id = await site.opened(max_size=None)
    boto = management(site)
    with pytest.raises(boto.exceptions.PayloadTooLargeException):
        await call(boto, "post_to_connection", ConnectionId=connection_id, Data=b"x" * 131_073)
    await call(boto, "post_to_connection", ConnectionId=connection_id, Data=b"x" * 131_072)
    assert len(await client.recv()) == 131_072
    await client.close()


async def test_data_that_is_no_text_is_a_bad_request(site: Site) -> None:
    client, connection_id = await site.opened()
    assert (await request(site, "POST", path_of(connection_id), b"\xff\xfe")).status_code == 400
    await client.close()


async def test_the_limit_of_a_client_that_does_not_read_is_429_and_others_are_served(serve: Serve) -> None:
    site = await serve(outgoing_limit=300_000)
    slow, _ = await RawClient.handshake(site.port)
    slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
    raw: socket.socket = slow.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection_id = next(iter(site.gateway.connections))
    quick, quick_id = await site.opened()
    boto = management(site)
    async with asyncio.timeout(60):
        for _ in range(1000):
            response = await request(site, "POST", path_of(connection_id), b"x" * 131_072)
            if response.status_code != 200:
                break
    assert response.status_code == 429
    assert response.headers["x-amzn-errortype"] == "LimitExceededException"
    with pytest.raises(boto.exceptions.LimitExceededException):
        await call(boto, "post_to_connection", ConnectionId=connection_id, Data=b"x" * 131_072)
    await request(site, "POST", path_of(quick_id), b"still quick")
    assert await quick.recv() == "still quick"
    assert (await request(site, "DELETE", path_of(connection_id))).status_code == 204
    slow.writer.transport.abort()
    await quick.close()


async def test_an_unsigned_request_is_forbidden(site: Site) -> None:
    client, connection_id = await site.opened()
    for method in ("POST", "GET", "DELETE"):
        response = await request(site, method, path_of(connection_id), signed=False)
        assert response.status_code == 403
        assert response.json() == {"message": "Missing Authentication Token"}
    assert connection_id in site.gateway.connections
    await client.close()


async def test_a_wrong_signature_or_region_is_forbidden(site: Site) -> None:
    client, connection_id = await site.opened()
    for wrong in (management(site, secret="wrong"), management(site, region="eu-west-3")):
        status, code, _ = await failed(wrong, "post_to_connection", ConnectionId=connection_id, Data=b"x")
        assert (status, code) == (403, "InvalidSignatureException")
    await client.close()


async def test_another_method_is_forbidden(site: Site) -> None:
    for method in ("PUT", "PATCH", "OPTIONS"):
        response = await request(site, method, path_of(GONE_ID))
        assert response.status_code == 403, method
        assert response.json() == {"message": "Missing Authentication Token"}, method


async def test_another_stage_is_forbidden(site: Site) -> None:
    for stage in ("/prod", "", "/WebSocket", "/prod/websocket"):
        for method in ("POST", "GET", "DELETE", "PUT", "PATCH", "OPTIONS"):
            response = await request(site, method, path_of(GONE_ID).replace("/websocket", stage))
            assert response.status_code == 403, (stage, method)
            assert response.headers["x-amzn-errortype"] == "ForbiddenException"
            assert response.json() == {"message": "Forbidden"}


async def test_another_path_below_the_stage_is_not_found(site: Site) -> None:
    for below in ("/more", "/", "/websocket", "/@Connections"):
        response = await request(site, "POST", path_of(GONE_ID).replace("/websocket", f"/websocket{below}"), b"x")
        assert response.status_code == 404, below
        assert response.headers["x-amzn-errortype"] == "NotFoundException"
        route = f"{below[1:]}/@connections/{GONE_ID}"
        assert response.json() == {"message": f"No method found matching route {route} for http method POST."}


async def test_an_id_may_be_encoded_once_and_not_twice(site: Site) -> None:
    client, connection_id = await site.opened()
    for encoded in (connection_id, connection_id.replace("=", "%3D"), connection_id.replace("=", "%3d")):
        assert (await request(site, "GET", f"/websocket/@connections/{encoded}")).status_code == 200, encoded
    every_byte = "".join(f"%{byte:02X}" for byte in connection_id.encode())
    assert (await request(site, "GET", f"/websocket/@connections/{every_byte}")).status_code == 200
    twice = connection_id.replace("=", "%253D")
    assert (await request(site, "GET", f"/websocket/@connections/{twice}")).status_code == 400
    await client.close()


async def test_head_and_options_and_http_1_0_are_answered(site: Site) -> None:
    for method, version in (("HEAD", "1.1"), ("OPTIONS", "1.1"), ("GET", "1.0"), ("POST", "1.0"), ("HEAD", "1.0")):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        head = f"{method} {path_of(GONE_ID)} HTTP/{version}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(WAIT_SECONDS):
            answer = await reader.read()
        status, _, rest = answer.partition(b"\r\n")
        assert b" 403 " in status, (method, version)
        assert (b"Missing Authentication Token" in rest) == (method != "HEAD")
        writer.close()


async def test_every_answer_has_request_ids(site: Site) -> None:
    for response in (
        await request(site, "POST", path_of(GONE_ID), b"x"),
        await request(site, "GET", path_of("zzz")),
    ):
        assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-amzn-requestid"])
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", response.headers["x-amz-apigw-id"])


async def test_posts_of_one_caller_arrive_in_order(site: Site) -> None:
    client, connection_id = await site.opened()
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        keys = BotoCredentials(CREDENTIALS.access_key, CREDENTIALS.secret_key)
        for number in range(50):
            aws = AWSRequest(method="POST", url=site.http + path_of(connection_id), data=b"%d" % number)
            SigV4Auth(keys, "execute-api", "us-east-1").add_auth(aws)
            response = await http.post(aws.url, content=aws.data, headers=dict(aws.headers.items()))
            assert response.status_code == 200
    assert [await client.recv() for _ in range(50)] == [str(number) for number in range(50)]
    await client.close()
