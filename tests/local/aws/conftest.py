"""Fixtures of the gateway's tests: fake functions, and sites that serve them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.local.aws.serving import Functions, Site, allow, serving

if sys.platform == "win32":
    uvloop = None
else:
    import uvloop

ON_BOTH_LOOPS = {"test_gateway.py", "test_connections_api.py"}
Serve = Callable[..., Awaitable[Site]]


@pytest.fixture
def functions() -> Functions:
    """Functions that let everybody in, with a context, and answer messages with nothing."""
    return Functions(
        answers={
            "authorize": allow(userId="alice", level=3),
            "connect": {"statusCode": 200},
            "message": {"statusCode": 200},
            "disconnect": {"statusCode": 200},
        }
    )


@pytest.fixture
async def serve(functions: Functions) -> AsyncIterator[Serve]:
    """Start a site: `await serve(idle_seconds=…, gateway_options={…})`; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def start(*, gateway_options: dict[str, Any] | None = None, **config: Any) -> Site:
            options = gateway_options or {}
            return await stack.enter_async_context(serving(functions, gateway_options=options, **config))

        yield start


@pytest.fixture
async def site(serve: Serve) -> Site:
    """A site as configured by default."""
    return await serve()


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What sits on sockets runs on both event loops the emulator can run on, all else on asyncio's."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name in ON_BOTH_LOOPS and uvloop is not None:
        factories["uvloop"] = uvloop.new_event_loop
    return factories
