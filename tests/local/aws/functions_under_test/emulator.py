"""An emulator of one function that is there to be killed: prints the environment's process id, then hangs."""

import asyncio
import sys
from pathlib import Path

from local.aws.function import FunctionSpec
from local.aws.function_process import Client, Launch
from local.aws.lambda_runtime import LambdaRuntime


async def main(client: str, freeze: bool) -> None:
    spec = FunctionSpec(name="f", handler="trouble.handler", timeout_seconds=20, memory_mb=128, environment={})
    chosen: Client = "awslambdaric" if client == "awslambdaric" else "python"
    runtime = LambdaRuntime([spec], Launch(root=Path(__file__).parent, client=chosen), freeze=freeze)
    print(await runtime.invoke("f", {}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] == "True"))
