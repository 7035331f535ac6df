import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.aws.review_function import ReviewFunction
from functions.rooms.review import ReviewFailed
from tests.functions.adapters.aws.test_connections import KEYS, Answer, serving

ARN = "arn:aws:lambda:eu-central-1:111122223333:function:review:live"
QUESTION = '{"text":"hällo"}'.encode()


def response(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def asking(url: str, seconds: float = 5.0, keys: CredentialSource = KEYS) -> AsyncIterator[ReviewFunction]:
    function = ReviewFunction(ARN, keys, seconds=seconds, url=url.removesuffix("/websocket"))
    try:
        yield function
    finally:
        await function.close()


async def test_the_function_is_invoked_by_its_arn_over_a_connection_that_is_kept() -> None:
    async with serving(response(b'{"action":"allow"}')) as server, asking(server.url) as function:
        assert [await function.ask(QUESTION) for _ in range(2)] == [b'{"action":"allow"}'] * 2
    path = (
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A111122223333%3Afunction%3Areview%3Alive/invocations"
    )
    assert server.connections == 1
    for request in server.requests:
        assert request.startswith(f"POST {path} HTTP/1.1\r\n".encode())
        assert request.endswith(b"\r\n\r\n" + QUESTION)


async def test_the_signature_is_botocores() -> None:
    async with serving(response(b"{}")) as server, asking(server.url) as function:
        await function.ask(QUESTION)
    head = server.requests[0].split(b"\r\n\r\n")[0].decode()
    lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    url = server.url.removesuffix("/websocket") + head.split(" ")[1]
    theirs = AWSRequest("POST", url, data=QUESTION, headers={"X-Amz-Date": lines["X-Amz-Date"]})
    theirs.context["timestamp"] = lines["X-Amz-Date"]
    auth = SigV4Auth(Credentials("AKID", "secret"), "lambda", "eu-central-1")
    signature = auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)
    assert lines["Authorization"].endswith(f"Signature={signature}")
    assert "/eu-central-1/lambda/aws4_request" in lines["Authorization"]


async def silence(head: bytes, writer: Any) -> None:
    """No answer."""


async def a_drop(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()


async def drop_by_drop(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(b'{"Message":"Function not found"}', "404 Not Found"), "Lambda refused with 404: .*not found"),
        (response(b'{"Reason":"x"}', "429 Too Many Requests"), "Lambda refused with 429"),
        (response(b"", "500 Internal Server Error"), "Lambda refused with 500"),
        (b"SSH-2.0\r\n\r\n", "Lambda cannot be reached: not HTTP"),
        (a_drop, "Lambda cannot be reached: the server closed"),
        (silence, "no answer within 50 ms"),
        (drop_by_drop, "no answer within 50 ms"),
    ],
)
async def test_whatever_else_comes_is_told(answer: bytes | Answer, told: str) -> None:
    seconds = 0.05 if told.startswith("no answer") else 5.0
    async with serving(answer) as server, asking(server.url, seconds) as function:
        with pytest.raises(ReviewFailed, match=told):
            await function.ask(QUESTION)


async def test_an_answer_that_comes_too_late_is_not_that_of_the_next_question() -> None:
    late = asyncio.Event()

    async def wait(head: bytes, writer: asyncio.StreamWriter) -> None:
        await late.wait()
        writer.write(response(b'"late"'))

    async with serving(wait, response(b'"in time"')) as server, asking(server.url, 0.1) as function:
        with pytest.raises(ReviewFailed):
            await function.ask(QUESTION)
        late.set()
        async with asyncio.timeout(10):
            assert await function.ask(QUESTION) == b'"in time"'


async def test_without_a_server_or_credentials_nothing_is_asked() -> None:
    async with asking("http://127.0.0.1:1") as function:
        with pytest.raises(ReviewFailed, match="cannot be reached"):
            await function.ask(QUESTION)
    async with asking("http://127.0.0.1:1", keys=CredentialSource({})) as function:
        with pytest.raises(ReviewFailed, match="AWS_ACCESS_KEY_ID"):
            await function.ask(QUESTION)


async def test_credentials_that_are_slow_to_come_are_not_waited_for() -> None:
    class Slow(CredentialSource):
        async def current(self) -> Any:
            await asyncio.sleep(3600)

    async with asking("http://127.0.0.1:1", 0.05, Slow({})) as function:
        start = time.monotonic()
        with pytest.raises(ReviewFailed, match="no answer within 50 ms"):
            await function.ask(QUESTION)
        assert time.monotonic() - start < 60


@pytest.mark.parametrize(
    ("arn", "host"),
    [
        (ARN, "lambda.eu-central-1.amazonaws.com"),
        (ARN.replace(":aws:", ":aws-cn:").replace("eu-central-1", "cn-north-1"), "lambda.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_functions_own_region_is_asked(arn: str, host: str) -> None:
    function = ReviewFunction(arn, KEYS, seconds=1)
    assert f"Host: {host}\r\n" in function._head
    assert json.dumps(arn.split(":")[3]) == json.dumps(function._region)
