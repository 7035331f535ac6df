"""An emulator of one function that is there to be killed: prints the environment's process id, then hangs."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from local.aws.fork_server import ForkServer
from local.aws.function import FunctionSpec
from local.aws.function_process import Launch
from local.aws.lambda_runtime import LambdaRuntime


@contextlib.asynccontextmanager
async def launching(way: str, **settings: Any) -> AsyncIterator[Launch]:
    """`way`: "forked", or the client of a new Python."""
    root = Path(__file__).parent
    if way != "forked":
        yield Launch(root=root, **{"client": way, **settings})
        return
    server = ForkServer(["json"])
    try:
        yield Launch(root=root, fork_server=server, **settings)
    finally:
        await server.stop()


async def main(way: str, freeze: bool) -> None:
    spec = FunctionSpec(name="f", handler="trouble.handler", timeout_seconds=20, memory_mb=128, environment={})
    async with launching(way) as launch:
        runtime = LambdaRuntime([spec], launch, freeze=freeze)
        print(await runtime.invoke("f", {}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] == "True"))
