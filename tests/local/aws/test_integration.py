import asyncio
import base64
from typing import Any

import pytest

from local.aws.function import FunctionError, JsonObject
from local.aws.integration import Integration, IntegrationTimeoutError, MalformedAnswerError, read_answer


async def test_a_call_returns_what_the_function_returned() -> None:
    async def invoke(name: str, event: JsonObject) -> Any:
        return [name, event]

    integration = Integration(invoke, timeout_seconds=10)
    assert await integration.call("one", {"a": 1}) == ["one", {"a": 1}]


async def test_past_its_time_the_function_runs_on_and_its_answer_is_lost() -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def invoke(name: str, event: JsonObject) -> Any:
        await go_on.wait()
        ended.set()

    integration = Integration(invoke, timeout_seconds=0.01)
    with pytest.raises(IntegrationTimeoutError, match=r"slow did not answer within 0\.01 s"):
        await integration.call("slow", {})
    go_on.set()
    await asyncio.wait_for(ended.wait(), 10)


async def test_stopping_ends_the_calls_under_way() -> None:
    started = asyncio.Event()

    async def invoke(name: str, event: JsonObject) -> Any:
        started.set()
        await asyncio.Event().wait()

    integration = Integration(invoke, timeout_seconds=10)
    calling = asyncio.create_task(integration.call("one", {}))
    await asyncio.wait_for(started.wait(), 10)
    integration.stop()
    with pytest.raises(FunctionError, match="one was stopped"):
        await calling


def test_an_answer_is_read() -> None:
    answer = read_answer({"statusCode": 200, "headers": {"X-Ab": 1}, "body": "hi"})
    assert (answer.status, answer.headers, answer.body, answer.ok) == (200, {"x-ab": "1"}, "hi", True)


def test_a_status_code_may_be_digits() -> None:
    assert read_answer({"statusCode": "404"}).status == 404


def test_a_base64_body_is_decoded() -> None:
    encoded = base64.b64encode("grüezi".encode()).decode()
    assert read_answer({"statusCode": 200, "body": encoded, "isBase64Encoded": True}).body == "grüezi"


def is_malformed(result: Any) -> bool:
    try:
        read_answer(result)
    except MalformedAnswerError:
        return True
    return False


def test_what_is_no_proxy_response_is_malformed() -> None:
    results: list[Any] = [
        None,
        "ok",
        [],
        {},
        {"body": "hi"},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 200.0},
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 7},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "body": "é", "isBase64Encoded": True},
        {"statusCode": 200, "body": "/w==", "isBase64Encoded": True},
    ]
    for result in results:
        assert is_malformed(result), result
