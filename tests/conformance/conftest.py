"""The emulator in token mode, for clients that were not written here."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conformance.install import is_installed
from tests.node import node
from tests.story.conftest import activity, file_servers  # noqa: F401  fixtures
from tests.story.rooms import Rooms, Servers, running


@pytest.fixture(scope="session")
def others() -> dict[str, str]:
    """The environment with Node.js that the clients run in; skips but for `make conform`, which installs them."""
    if os.environ.get("CONFORM") != "1":
        pytest.skip("clients of other makers are tried by: make conform")
    assert is_installed(), "python -m tests.conformance.install"
    _, environment = node()
    return environment | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(others: dict[str, str], file_servers: Servers) -> AsyncIterator[Rooms]:  # noqa: F811
    """Rooms whose viewers need tokens."""
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    async with running(file_servers, auth_mode="token") as made:
        yield made
