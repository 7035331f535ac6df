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

from local.aws.ids import Ids
from local.aws.lambda_runtime import JsonObject
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
    async with httpx.AsyncClient(trust_env=False) as client:
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


@pytest.mark.parametrize("operation", ["post_to_connection", "get_connection", "delete_connection"])
async def test_boto3_raises_gone_for_an_id_that_is_not_open(site: Site, operation: str) -> None:
    client = management(site)
    arguments = {"Data": b"x"} if operation == "post_to_connection" else {}
    with pytest.raises(client.exceptions.GoneException):
        await call(client, operation, ConnectionId=GONE_ID, **arguments)


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


@pytest.mark.parametrize(("path_id", "shown"), [("zzz", "zzz"), ("a%20b", "a b"), ("a/b", "a/b"), ("", "")])
async def test_a_malformed_id_is_a_bad_request(site: Site, path_id: str, shown: str) -> None:
    response = await request(site, "POST", f"/websocket/%40connections/{path_id}", b"x")
    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"] == "BadRequestException"
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


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
async def test_another_method_is_forbidden(site: Site, method: str) -> None:
    response = await request(site, method, path_of(GONE_ID))
    assert response.status_code == 403
    assert response.json() == {"message": "Missing Authentication Token"}


async def test_another_stage_is_forbidden(site: Site) -> None:
    response = await request(site, "POST", path_of(GONE_ID).replace("/websocket", "/prod"), b"x")
    assert response.status_code == 403
    assert response.headers["x-amzn-errortype"] == "ForbiddenException"


async def test_every_answer_has_request_ids(site: Site) -> None:
    for response in (
        await request(site, "POST", path_of(GONE_ID), b"x"),
        await request(site, "GET", path_of("zzz")),
    ):
        assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-amzn-requestid"])
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", response.headers["x-amz-apigw-id"])


async def test_posts_of_one_caller_arrive_in_order(site: Site) -> None:
    client, connection_id = await site.opened()
    async with httpx.AsyncClient(trust_env=False) as http:
        keys = BotoCredentials(CREDENTIALS.access_key, CREDENTIALS.secret_key)
        for number in range(50):
            aws = AWSRequest(method="POST", url=site.http + path_of(connection_id), data=b"%d" % number)
            SigV4Auth(keys, "execute-api", "us-east-1").add_auth(aws)
            response = await http.post(aws.url, content=aws.data, headers=dict(aws.headers.items()))
            assert response.status_code == 200
    assert [await client.recv() for _ in range(50)] == [str(number) for number in range(50)]
    await client.close()
