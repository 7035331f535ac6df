"""Schemathesis asks for everything that the description allows, and for much that it does not."""

from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.client import connect
from functions.adapters.redis.kept_answers import KeptAnswers
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.properties_state import PropertiesState
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.api.app import app
from functions.api.parts import ApiParts
from functions.parts import MessageParts
from functions.rooms.answers import Rate
from functions.runtime.settings import AuthMode
from functions.usecases.admission import Admission
from tests.functions import tables
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.api.conftest import archive_in
from tests.functions.api.site import Site
from tests.functions.conftest import NOW, MemoryLog
from tests.functions.fake_connections import FakeConnections

pytestmark = [pytest.mark.long, pytest.mark.first]

RATE = Rate(burst=5, per_second=1)
Case: TypeAlias = schemathesis.Case[Any]

CONFIG = schemathesis.Config(seed=1)
EXAMPLES = settings(
    max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


class Served:
    """The API, each request with clients of its own: Schemathesis has an event loop of its own, in which they must live
    and end."""

    redis_url: str
    moto_url: str
    table: str
    mode: AuthMode

    def serve(self, redis_url: str, moto_url: str, table: str, mode: AuthMode) -> None:
        """From now on with this Redis and this table, in this mode."""
        self.redis_url, self.moto_url, self.table, self.mode = redis_url, moto_url, table, mode

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        redis, log = connect(self.redis_url), MemoryLog()
        room = MessageParts(
            state=RoomState(redis, heartbeat_seconds=60),
            log=log,
            chat_rate=RATE,
            other_rate=RATE,
            words=Words(redis),
            bans=PlatformBans(redis),
        )
        async with tables.api(self.moto_url) as dynamodb:
            parts = ApiParts(
                shows_docs=True,
                room=room,
                moderation=ModerationState(redis),
                rooms=AdmissionState(redis),
                properties=PropertiesState(redis),
                connections=FakeConnections(),
                archive=archive_in(dynamodb, self.table),
                words=room.words,
                bans=room.bans,
                admission=Admission(mode=self.mode, tokens=TOKENS),
                answers=KeptAnswers(redis),
            )
            await Site(parts)(scope, receive, send)
        # Without a relay an id would not be settled, and a call that is made again would wait in vain.
        relay = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
        await relay.before({event.activity_id: [event] for event in log.live}, NOW)
        # No schema can say that a key is for one call.
        await lose_all(redis, "*:answer:*")
        await redis.aclose()


# What no JSON schema can say: that a cursor was given by the last page, what makes a word, how large a value is, and
# which time is later.
LOOSELY_DESCRIBED = {
    "users",
    "sanctions",
    "bans",
    "put_words",
    "try_words",
    "change_properties",
    "show_report",
    "records",
    "take",
}

SCHEMA = schemathesis.openapi.from_dict(app.openapi(), config=CONFIG)


def without_security(described: dict[str, Any]) -> dict[str, Any]:
    """The same of an API that asks nobody for a token."""
    paths = {
        path: {method: {**operation, "security": []} for method, operation in operations.items()}
        for path, operations in described["paths"].items()
    }
    return {**described, "paths": paths}


OPEN_SCHEMA = schemathesis.openapi.from_dict(without_security(app.openapi()), config=CONFIG)
SERVED = Served()
OPEN_SCHEMA.app = SCHEMA.app = SERVED


def excluded(case: Case) -> list[Any]:
    described = case.operation.definition.raw["operationId"]
    return [schemathesis.checks.positive_data_acceptance] if described in LOOSELY_DESCRIBED else []


@OPEN_SCHEMA.parametrize()
@EXAMPLES
def test_in_open_mode(case: Case, clean_redis: str, moto_url: str, empty_table: str) -> None:
    SERVED.serve(clean_redis, moto_url, empty_table, "open")
    case.call_and_validate(excluded_checks=excluded(case))


@SCHEMA.parametrize()
@EXAMPLES
def test_with_a_token_that_allows_everything(case: Case, clean_redis: str, moto_url: str, empty_table: str) -> None:
    SERVED.serve(clean_redis, moto_url, empty_table, "token")
    # In the case too: a case whose only mistake was to have no token has none any more.
    case.headers.update(bearing())
    case.call_and_validate(headers=bearing(), excluded_checks=excluded(case))
