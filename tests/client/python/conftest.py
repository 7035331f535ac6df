"""What the Python client is tried against."""

from collections.abc import AsyncIterator

import pytest

from tests.client.python.fake_gallery import FakeGallery, gallery_of
from tests.client.python.fake_room import FakeRoom, serving


@pytest.fixture
async def room() -> AsyncIterator[FakeRoom]:
    async with serving() as room:
        yield room


@pytest.fixture
async def gallery() -> AsyncIterator[FakeGallery]:
    async with gallery_of() as gallery:
        yield gallery
