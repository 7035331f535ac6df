import base64
import json
from functools import partial
from typing import Any

import pytest

from functions.adapters.aws.failure_queue import FailureQueue, QueueUnavailable, queue_client


def client(url: str) -> Any:
    return queue_client("us-east-1", endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any")


async def test_a_message_says_where_the_record_stands_and_why_it_is_here(moto_url: str) -> None:
    sqs = client(moto_url)
    url = sqs.create_queue(QueueName="says-where")["QueueUrl"]
    queue = FailureQueue(partial(client, moto_url), url)
    await queue.put(topic="save", partition=3, offset=7, cause="it is no JSON", value=b"\xff{")
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {
        "topic": "save",
        "partition": 3,
        "offset": 7,
        "cause": "it is no JSON",
        "bytes": 2,
        "value": base64.b64encode(b"\xff{").decode(),
    }


async def test_a_large_record_is_cut_to_what_the_queue_takes_and_can_be_decoded(moto_url: str) -> None:
    sqs = client(moto_url)
    url = sqs.create_queue(QueueName="is-cut")["QueueUrl"]
    queue = FailureQueue(partial(client, moto_url), url)
    await queue.put(topic="save", partition=3, offset=7, cause="\N{SNOWMAN}" * 9000, value=b"x" * 1_000_000)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert len(message["Body"]) < 256 * 1024
    told = json.loads(message["Body"])
    assert base64.b64decode(told["value"], validate=True) == b"x" * 150_000
    assert told["bytes"] == 1_000_000


async def test_a_queue_that_is_not_there_is_unavailable(moto_url: str) -> None:
    queue = FailureQueue(partial(client, moto_url), f"{moto_url}/123456789012/nowhere")
    with pytest.raises(QueueUnavailable, match="nowhere"):
        await queue.put(topic="save", partition=0, offset=0, cause="", value=b"")


async def test_where_nothing_answers_it_says_so() -> None:
    queue = FailureQueue(partial(client, "http://127.0.0.1:1"), "http://127.0.0.1:1/q")
    with pytest.raises(QueueUnavailable, match="127.0.0.1:1"):
        await queue.put(topic="save", partition=0, offset=0, cause="", value=b"")
