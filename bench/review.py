"""What a chat waits for its review: the platform's function invoked through the emulator's Lambda API.

The function is warm and allows everything. The same request is made by our own client and by boto3 in a thread. Without
a network in between, this is what Lambda's processes, HTTP and the signatures take; on AWS there is more to it.
"""

import json
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.post_run import ENVIRONMENT, REGION, cpu_seconds
from bench.result import Result
from functions.adapters.aws.client import ThreadedClient, aws_client
from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.aws.review_function import ReviewFunction
from functions.rooms.events import Chat, Who
from functions.rooms.review import question_about
from local.aws.environment_variables import function_arn
from local.aws.function import FunctionSpec
from local.aws.function_process import Launch
from local.aws.lambda_api import LambdaApi
from local.aws.lambda_runtime import LambdaRuntime
from local.aws.sigv4 import Credentials
from local.aws.web_server import serve

CODE = 'def handler(event, context):\n    return {"action": "allow"}\n'
CREDENTIALS = Credentials(ENVIRONMENT["AWS_ACCESS_KEY_ID"], ENVIRONMENT["AWS_SECRET_ACCESS_KEY"])
WARM_UP = 20
QUICK: dict[str, Any] = {"times": 50}

Ask = Callable[[bytes], Awaitable[object]]


async def run(*, times: int = 1000) -> Result:
    """Ask so often, one after another, as an execution environment does."""
    who = Who(user_id="alice", username="Alice", avatar="https://cdn.example/alice.png")
    chat = Chat(activity_id=42, time=1_700_000_000_000, who=who, content="hello everyone", client_id="c1")
    question = question_about(chat)
    async with lambda_api() as (url, arn):
        function = ReviewFunction(arn, CredentialSource(ENVIRONMENT), seconds=10, url=url)
        boto3 = ThreadedClient(lambda: aws_client("lambda", REGION, connect_seconds=10, answer_seconds=10, **keys(url)))

        async def ask_by_boto3(question: bytes) -> object:
            answer = await boto3.call("invoke", FunctionName=arn, Payload=question)
            return json.load(answer["Payload"])

        rows = {"ours": await measured(function.ask, question, times)}
        rows["boto3 in a thread"] = await measured(ask_by_boto3, question, times)
        await function.close()
    return Result(
        title="A review of a chat through the emulator's Lambda API, ms",
        columns=("client", "p50", "p95", "p99", "CPU ms"),
        rows=[[name, *figures.values()] for name, figures in rows.items()],
        figures={"reviewMs": rows},
        notes=["CPU: of the client and the API in one process; the function's own process is not counted"],
    )


def keys(url: str) -> dict[str, Any]:
    return {
        "endpoint_url": url,
        "aws_access_key_id": CREDENTIALS.access_key,
        "aws_secret_access_key": CREDENTIALS.secret_key,
        "aws_session_token": ENVIRONMENT["AWS_SESSION_TOKEN"],
    }


async def measured(ask: Ask, question: bytes, times: int) -> dict[str, float]:
    """Percentiles of what one answer takes, and the CPU of each, in ms."""
    for _ in range(WARM_UP):
        await ask(question)
    took, cpu = [], cpu_seconds()
    for _ in range(times):
        start = time.perf_counter()
        await ask(question)
        took.append((time.perf_counter() - start) * 1000)
    cuts = statistics.quantiles(took, n=100)
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "cpu": (cpu_seconds() - cpu) * 1000 / times}


@asynccontextmanager
async def lambda_api() -> AsyncIterator[tuple[str, str]]:
    """The URL of an emulated Lambda, and the ARN of a function there."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "review.py").write_text(CODE)
        spec = FunctionSpec(
            name="review",
            handler="review.handler",
            timeout_seconds=3,
            memory_mb=128,
            environment={},
            root=Path(folder),
        )
        runtime = LambdaRuntime([spec], Launch(root=Path(folder)))
        # asyncio sends small answers at once only over what is TCP by name.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        try:
            async with serve(LambdaApi([spec], runtime.invoke, credentials=CREDENTIALS), listener):
                yield f"http://127.0.0.1:{listener.getsockname()[1]}", function_arn(spec)
        finally:
            await runtime.stop()
