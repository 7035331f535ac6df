"""An emulator of one function that is there to be killed: prints the environment's process id, then hangs."""

import asyncio
import sys
from pathlib import Path

from local.aws.execution_environment import Client
from local.aws.lambda_runtime import FunctionSpec, LambdaRuntime


async def main(client: str, freeze: bool) -> None:
    spec = FunctionSpec(name="f", handler="trouble.handler", timeout_seconds=20, memory_mb=128, environment={})
    chosen: Client = "awslambdaric" if client == "awslambdaric" else "python"
    runtime = LambdaRuntime([spec], root=Path(__file__).parent, freeze=freeze, client=chosen)
    await runtime.start()
    print(await runtime.invoke("f", {}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] == "True"))
