"""Schemathesis asks for everything that the description allows, and for much that it does not."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from functions.adapters.moderation_state import ModerationState
from functions.adapters.redis_client import connect
from functions.adapters.room_answers import Rate
from functions.adapters.room_state import RoomState
from functions.adapters.word_list import Words
from functions.api.app import app
from functions.api.auth import door
from functions.api.parts import ApiParts, ArchiveParts, api_parts, archive_parts
from functions.door import Door
from functions.parts import RoomParts
from functions.settings import AuthMode
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.conftest import MemoryLog
from tests.functions.fake_connections import FakeConnections

RATE = Rate(burst=5, per_second=1)
Case: TypeAlias = schemathesis.Case[Any]

CONFIG = schemathesis.Config(seed=1)
EXAMPLES = settings(
    max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def serve(url: str, archive: ArchiveParts, mode: AuthMode) -> None:
    async def parts() -> AsyncIterator[ApiParts]:
        # Schemathesis has an event loop of its own, in which the client must live and end.
        redis = connect(url)
        room = RoomParts(
            state=RoomState(redis, heartbeat_seconds=60),
            log=MemoryLog(),
            chat_rate=RATE,
            other_rate=RATE,
            words=Words(redis),
        )
        yield ApiParts(room, ModerationState(redis), FakeConnections())
        await redis.aclose()

    app.dependency_overrides[api_parts] = parts
    app.dependency_overrides[archive_parts] = lambda: archive
    app.dependency_overrides[door] = lambda: Door(mode=mode, tokens=TOKENS)


# What no JSON schema can say: that a cursor was given by the last page, and what makes a word.
LOOSELY_DESCRIBED = {"users", "put_words"}

SCHEMA = schemathesis.openapi.from_asgi("/api/openapi.json", app, config=CONFIG)


def without_security(described: dict[str, Any]) -> dict[str, Any]:
    """The same of an API that asks nobody for a token."""
    paths = {
        path: {method: {**operation, "security": []} for method, operation in operations.items()}
        for path, operations in described["paths"].items()
    }
    return {**described, "paths": paths}


OPEN_SCHEMA = schemathesis.openapi.from_dict(without_security(app.openapi()), config=CONFIG)
OPEN_SCHEMA.app = app


def excluded(case: Case) -> list[Any]:
    described = case.operation.definition.raw["operationId"]
    return [schemathesis.checks.positive_data_acceptance] if described in LOOSELY_DESCRIBED else []


@pytest.fixture
def rooms(clean_redis: str) -> Iterator[str]:
    yield clean_redis
    app.dependency_overrides.clear()


@OPEN_SCHEMA.parametrize()
@EXAMPLES
def test_in_open_mode(case: Case, rooms: str, empty_archive: ArchiveParts) -> None:
    serve(rooms, empty_archive, "open")
    case.call_and_validate(excluded_checks=excluded(case))


@SCHEMA.parametrize()
@EXAMPLES
def test_with_a_token_that_allows_everything(case: Case, rooms: str, empty_archive: ArchiveParts) -> None:
    serve(rooms, empty_archive, "token")
    case.call_and_validate(headers=bearing(), excluded_checks=excluded(case))
