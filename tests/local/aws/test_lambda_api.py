import asyncio
import contextlib
import io
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.function import FunctionError, FunctionSpec
from local.aws.lambda_api import LambdaApi
from local.aws.web_server import serve
from tests.local.aws.serving import CREDENTIALS, WAIT_SECONDS, Functions

ARN = "arn:aws:lambda:us-east-1:123456789012:function:review"


@dataclass
class Lambda:
    url: str
    functions: Functions

    def client(self, *, secret: str = CREDENTIALS.secret_key, region: str = "us-east-1") -> Any:
        return boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=CREDENTIALS.access_key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=WAIT_SECONDS, proxies={}),
        )

    async def invoke(self, event: Any = None, **arguments: Any) -> Any:
        """What a real boto3 client gets; its calls block, so they go to a thread."""
        given = {"FunctionName": "review", "Payload": json.dumps(event)} | arguments
        with contextlib.closing(self.client()) as client:
            answer = await asyncio.to_thread(client.invoke, **given)
            return {**answer, "Payload": io.BytesIO(answer["Payload"].read())}

    async def refused(self, **arguments: Any) -> tuple[int, str]:
        """Status and code of a call that must fail."""
        with pytest.raises(ClientError) as info:
            await self.invoke(**arguments)
        return info.value.response["ResponseMetadata"]["HTTPStatusCode"], info.value.response["Error"]["Code"]


@asynccontextmanager
async def emulated(functions: Functions, *, at_once: int = 3) -> AsyncIterator[Lambda]:
    spec = FunctionSpec(
        name="review",
        handler="review.handler",
        timeout_seconds=3,
        memory_mb=128,
        environment={},
        max_environments=at_once,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    api = LambdaApi([spec], functions, credentials=CREDENTIALS)
    async with serve(api, listener):
        try:
            yield Lambda(f"http://127.0.0.1:{listener.getsockname()[1]}", functions)
        finally:
            await api.stop()


@pytest.fixture
async def aws() -> AsyncIterator[Lambda]:
    async with emulated(Functions(answers={"review": {"action": "allow"}})) as aws:
        yield aws


@pytest.mark.parametrize("name", ["review", ARN, f"{ARN}:$LATEST", "123456789012:function:review"])
async def test_boto3_invokes_a_function_by_its_name_or_arn(aws: Lambda, name: str) -> None:
    answer = await aws.invoke({"text": "hällo"}, FunctionName=name)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.load(answer["Payload"]) == {"action": "allow"}
    assert "FunctionError" not in answer
    assert aws.functions.of("review") == [{"text": "hällo"}]


@pytest.mark.parametrize("event", [None, [], 5, "text"])
async def test_an_event_is_any_json(aws: Lambda, event: Any) -> None:
    assert (await aws.invoke(event))["StatusCode"] == 200
    assert aws.functions.of("review") == [event]


async def test_a_function_that_fails_is_a_200_with_its_error(aws: Lambda) -> None:
    aws.functions.answers["review"] = FunctionError("KeyError", "'x'")
    answer = await aws.invoke({})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"]) == {"errorMessage": "'x'", "errorType": "KeyError"}


@pytest.mark.parametrize(
    "name", ["other", ARN.replace("us-east-1", "eu-west-1"), f"{ARN}:live", ARN.replace("1234", "9999")]
)
async def test_a_function_that_is_not_there_is_a_404(aws: Lambda, name: str) -> None:
    assert await aws.refused(FunctionName=name) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        ({"Payload": "{"}, (400, "InvalidRequestContentException")),
        ({"Payload": b"\xff"}, (400, "InvalidRequestContentException")),
        ({"LogType": "Tail"}, (400, "InvalidParameterValueException")),
        ({"Payload": json.dumps("x" * 6 * 1024 * 1024)}, (413, "RequestTooLargeException")),
    ],
)
async def test_a_call_that_cannot_be_made_is_refused_by_name(
    aws: Lambda, arguments: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert await aws.refused(**arguments) == refused
    assert aws.functions.events == []


@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"region": "eu-west-1"}])
async def test_a_wrong_signature_is_a_403(aws: Lambda, wrong: dict[str, str]) -> None:
    with contextlib.closing(aws.client(**wrong)) as client, pytest.raises(ClientError) as info:
        await asyncio.to_thread(client.invoke, FunctionName="review")
    assert info.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert info.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert aws.functions.events == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/2015-03-31/functions/review/invocations", 403),
        ("GET", "/2015-03-31/functions/review/invocations", 404),
        ("GET", "/2015-03-31/functions/review", 404),
        ("POST", "/2015-03-31/functions", 404),
    ],
)
async def test_what_is_not_signed_or_not_known_is_refused(aws: Lambda, method: str, path: str, status: int) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        assert (await client.request(method, f"{aws.url}{path}")).status_code == status


async def test_an_event_that_nobody_waits_for_is_taken_and_a_dry_run_runs_nothing(aws: Lambda) -> None:
    answer = await aws.invoke({"n": 1}, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert aws.functions.events == []
    answer = await aws.invoke({"n": 2}, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert await aws.functions.called("review") == {"n": 2}


def held() -> tuple[asyncio.Event, Callable[[Any], Any]]:
    """A function that answers once it is told to."""
    release = asyncio.Event()

    async def wait(event: Any) -> Any:
        await release.wait()
        return {"action": "allow"}

    return release, wait


async def test_more_at_once_than_there_are_environments_are_throttled() -> None:
    release, wait = held()
    async with emulated(Functions(answers={"review": wait}), at_once=1) as aws:
        first = asyncio.create_task(aws.invoke({}))
        await aws.functions.called("review")
        with pytest.raises(ClientError) as info:
            await aws.invoke({})
        error = info.value.response
        assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (
            429,
            "TooManyRequestsException",
        )
        assert error["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        release.set()
        assert (await first)["StatusCode"] == 200
        assert (await aws.invoke({}))["StatusCode"] == 200


async def test_a_caller_who_does_not_wait_does_not_end_the_function() -> None:
    release, wait = held()
    async with emulated(Functions(answers={"review": wait}), at_once=1) as aws:
        impatient = Config(retries={"total_max_attempts": 1}, read_timeout=0.2, proxies={})
        client = boto3.client(
            "lambda",
            endpoint_url=aws.url,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS.access_key,
            aws_secret_access_key=CREDENTIALS.secret_key,
            config=impatient,
        )
        with contextlib.closing(client), pytest.raises(Exception, match="(?i)timeout"):
            await asyncio.to_thread(client.invoke, FunctionName="review")
        # It still has its environment.
        assert await aws.refused() == (429, "TooManyRequestsException")
        release.set()
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    answer = await aws.invoke({})
                except ClientError:
                    continue
                break
        assert answer["StatusCode"] == 200
