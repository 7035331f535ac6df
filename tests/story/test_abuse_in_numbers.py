"""Thousands of frames and names of whatever through the functions themselves, on a real Redis.

Each property holds for each of them: an answer and no exception, nobody else's identity, nothing published that was
refused.
"""

import json
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect as connect_redis
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.adapters.tokens.token_keys import TokenKeys
from functions.adapters.tokens.tokens import Tokens
from functions.handlers import authorize, connect, disconnect, message
from functions.handlers.authorize import Unauthorized
from functions.parts import MessageParts
from functions.rooms.answers import Rate
from functions.rooms.frames import FRAME_BYTES
from functions.rooms.text import CHAT_LENGTH, flaw_of_id, flaw_of_line, flaw_of_name, trim
from functions.usecases import once
from functions.usecases.admission import Admission
from tests.functions.conftest import UNLIMITED, MemoryLog
from tests.story.fuzz import frames
from tests.story.injections import CONTROLS, VISIBLE

SEED = 4
IN_NUMBERS = pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
CODES = {"bad_json", "bad_type", "bad_field", "too_long"}


async def no_keys() -> str:
    raise AssertionError("nobody is asked for a token")


ADMISSION = Admission(mode="open", tokens=Tokens(TokenKeys(no_keys)))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisCluster]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def parts(redis: RedisCluster, log: MemoryLog) -> MessageParts:
    plenty = Rate(burst=10**6, per_second=10**6)
    state = RoomState(redis, heartbeat_seconds=60, limits=UNLIMITED)
    return MessageParts(
        state=state, words=Words(redis), bans=PlatformBans(redis), log=log, chat_rate=plenty, other_rate=plenty
    )


async def let_in(query: dict[str, str]) -> dict[str, str]:
    """The context that a handshake with this query is given, of who is let in or refused by connect."""
    event = {"type": "REQUEST", "methodArn": "arn", "headers": {}, "queryStringParameters": query}
    answer = await authorize.main(event, ADMISSION)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    context: dict[str, str] = answer["context"]
    assert all(isinstance(value, str) for value in context.values())
    return context


def route(context: dict[str, str], body: str | None = None, connection_id: str = "c-1") -> dict[str, Any]:
    """What a route's function is given on that connection."""
    event: dict[str, Any] = {"requestContext": {"connectionId": connection_id, "connectedAt": 0, "authorizer": context}}
    return event if body is None else event | {"body": body}


def odd_frames(seed: int, count: int) -> Iterator[str]:
    """Frames of whatever, and now and then injections through every field."""
    chance = random.Random(seed)
    fields = ["message", "id", "to", "company_id", "openid", "unionid", "avatar", "cursor", "limit", "count"]
    for frame in frames(seed, count):
        if chance.random() < 0.3:
            chosen = {field: chance.choice(VISIBLE + CONTROLS) for field in chance.sample(fields, 3)}
            yield json.dumps({"messageType": chance.choice([3, 4, 6, 7]), "message": "m", **chosen})
        else:
            yield frame


@pytest.mark.timeout(300)
@IN_NUMBERS
async def test_thousands_of_frames_are_answered_and_change_only_what_was_accepted(
    parts: MessageParts, log: MemoryLog, activity: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No relay settles the first of two frames with one id, so the second would wait for it in vain, two seconds each.
    monkeypatch.setattr(once, "PATIENCE_SECONDS", (0.0,))
    context = await let_in({"activityId": str(activity), "username": "mallory"})
    assert (await connect.main(route(context), parts))["statusCode"] == 200
    likes, taken = 0, set[str]()
    for number, body in enumerate(odd_frames(SEED, count)):
        live, saved = len(log.live), len(log.saved)
        response = await message.main(route(context, body), parts)
        said = json.loads(response["body"]) if "body" in response else {}
        assert response["statusCode"] == 200, (SEED, number, body)
        new = log.live[live:] + log.saved[saved:]
        if said.get("ok") is False:
            # An id that comes again waits for a relay, and there is none. It may be published again, after a while.
            is_repeat = said["error"] == "unavailable" and said["id"] in taken
            assert is_repeat or said["error"] in CODES, (SEED, number, body, said)
            assert is_repeat or new == [], (SEED, number, body)
        taken |= {event.client_id for event in new if event.client_id}
        for event in new:
            assert (event.who.user_id, event.who.username, event.who.connection_id) == ("mallory", "mallory", "c-1")
            assert event.activity_id == activity
            assert len(event.payload().get("content", "")) <= CHAT_LENGTH
            assert len(body.encode("utf-8", "surrogatepass")) <= FRAME_BYTES
            assert json.loads(event.to_record())["userId"] == "mallory"
        likes += sum(json.loads(body).get("count") or 1 for event in log.live[live:] if event.type == 6)
    figures = await parts.state.figures(activity)
    assert (figures.online, figures.connections, figures.likes) == (1, 1, likes), SEED
    assert len(log.live) > count / 20


def odd_queries(seed: int, activity: int, count: int) -> Iterator[dict[str, str]]:
    """Queries of whatever, as they come out of an address."""
    chance = random.Random(seed)
    alphabet = "aZ09 {}[]\",:;'\\/\n\t\x00\x1b\x7fé名👋\u200f\u202e\ufeff\u0301%&=+#?*"
    for _ in range(count):
        query = {"activityId": str(activity), "username": "".join(chance.choices(alphabet, k=chance.randrange(40)))}
        if chance.random() < 0.4:
            query["username"] = chance.choice(VISIBLE + CONTROLS)
        for name in ("userId", "avatar", "since", "token", "caps", "framing", "malformed"):
            if chance.random() < 0.2:
                query[name] = chance.choice(VISIBLE + CONTROLS + ["e1.5", "a" * 700])
        if chance.random() < 0.1:
            query["activityId"] = chance.choice([*VISIBLE, "-1", "1e3", "0x1", "９", str(2**53), "", " 1"])
        yield dict(parse_qsl("&".join(f"{name}={quote_plus(value)}" for name, value in query.items())))


@pytest.mark.timeout(300)
@IN_NUMBERS
async def test_thousands_of_names_are_refused_or_carried_as_they_are(
    parts: MessageParts, log: MemoryLog, activity: int, count: int
) -> None:
    statuses: dict[int, int] = dict.fromkeys((200, 400, 401), 0)
    for number, query in enumerate(odd_queries(SEED, activity, count)):
        try:
            context = await let_in(query)
        except Unauthorized:
            statuses[401] += 1
            continue
        before = len(log.live)
        status = (await connect.main(route(context, connection_id=f"c-{number}"), parts))["statusCode"]
        statuses[status] += 1
        if status != 200:
            assert len(log.live) == before, (SEED, number, query)
            continue
        (joined,) = log.live[before:]
        name = trim(query["username"])
        assert (joined.who.username, joined.who.user_id) == (name, query.get("userId", name)), (SEED, number, query)
        flaws = flaw_of_name(joined.who.username), flaw_of_id(joined.who.user_id), flaw_of_line(joined.who.avatar)
        assert flaws == (None, None, None)
        assert context["caps"] == "chat,like"
        # As Redis has it, among the keys and packed values of everybody who came before.
        page = await parts.state.who(activity, limit=2)
        assert (page.users, page.online) == ([(joined.who.user_id, name, {})], 1), (SEED, number, query)
        await disconnect.main(route(context, connection_id=f"c-{number}"), parts)
    assert min(statuses.values()) > count / 200, statuses
    assert (await parts.state.figures(activity)).connections == 0
