"""The smoke test against whole rooms, and against rooms of which something is broken."""

import io
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from local.app import Emulator
from local.aws.sigv4 import Credentials
from local.deployment import CREDENTIALS
from local.local_api import fresh_keys
from local.options import Options
from local.servers.kafka import EmbeddedKafka
from local.servers.moto import MotoResources
from tests.story.rooms import Rooms, Servers, running
from tools.smoke.cause import AUTH, KAFKA, NAT, ORIGIN, RELAY, Failed
from tools.smoke.command import smoke, token_source
from tools.smoke.options import SmokeOptions
from tools.smoke.platform import Platform
from tools.smoke.walk import Walk

pytestmark = pytest.mark.asyncio(loop_scope="module")


def options(address: str, **others: Any) -> SmokeOptions:
    own = ["--url", f"ws://{address}/websocket", "--api", f"http://{address}/api"]
    return replace(SmokeOptions.parse(own, {}), **others)


async def walked(options: SmokeOptions) -> tuple[dict[str, Any], str]:
    """The outcome, and what is printed."""
    lines = io.StringIO()
    outcome = await smoke(options, lines)
    json.dumps(outcome)
    return outcome, lines.getvalue()


async def test_in_whole_rooms_every_step_is_taken_and_told_in_a_line(rooms: Rooms) -> None:
    outcome, printed = await walked(options(rooms.address))
    assert outcome["ok"], printed
    assert [step["name"] for step in outcome["steps"]] == [name for name, _ in walk_of(options(rooms.address)).steps()]
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["ok"] * len(outcome["steps"])
    assert "not asked: the stage has none" in printed


def walk_of(options: SmokeOptions) -> Walk:
    return Walk(options, token_source(options), Platform(options.api, None))


async def test_where_a_kick_arrives_and_no_welcome_it_is_the_relay(own_servers: Servers) -> None:
    # What the functions write is not the topic that the relay's mapping reads.
    async with running(own_servers, environment={"LIVE_TOPIC": "elsewhere"}) as rooms:
        outcome, printed = await walked(options(rooms.address, patience=4.0))
    assert (outcome["steps"][-1]["name"], outcome["cause"]["name"]) == ("welcome", RELAY.name)
    assert "a kick reaches it" in printed
    assert "event source mapping" in printed


async def test_where_neither_a_welcome_nor_a_kick_arrives_it_is_the_way_out(
    own_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every request to the connections API is answered with 403, as an endpoint of execute-api answers them.
    monkeypatch.setattr("local.app.CREDENTIALS", Credentials(CREDENTIALS.access_key, "another"))
    async with running(own_servers) as rooms:
        outcome, printed = await walked(options(rooms.address, patience=4.0))
    assert (outcome["steps"][-1]["name"], outcome["cause"]["name"]) == ("welcome", NAT.name)
    assert "NAT gateway" in printed


async def test_where_kafka_is_away_it_is_named(redis_url: str, moto_url: str) -> None:
    kafka = EmbeddedKafka()
    await kafka.start()
    try:
        async with running(Servers(redis_url, kafka.address, moto_url)) as rooms:
            await kafka.down()
            outcome, printed = await walked(options(rooms.address))
            assert (outcome["ok"], outcome["cause"]["name"]) == (False, KAFKA.name), printed
            assert printed.splitlines()[1].startswith("FAILED health")
            # And where the health was well before: by what the handshake is answered with.
            with pytest.raises(Failed, match="503") as caught:
                await walk_of(options(rooms.address)).handshake()
            assert caught.value.cause is KAFKA
    finally:
        await kafka.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def token_mode(own_servers: Servers) -> AsyncIterator[str]:
    chosen = Options(
        port=0,
        redis_url=own_servers.redis_url,
        kafka_bootstrap=own_servers.kafka_bootstrap,
        aws_endpoint=own_servers.aws_endpoint,
        window_ms=50,
        auth_mode="token",
    )
    # No room of a smoke test has so many seats.
    environment = {"ALLOWED_ORIGINS": "https://shop.example", "GALLERY_FROM": "3000"}
    async with Emulator(chosen, environment) as emulator:
        yield emulator.address


async def test_in_token_mode_only_tokens_of_these_rooms_get_through_and_only_from_there(
    token_mode: str, moto_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, printed = await walked(options(token_mode, origin="https://shop.example"))
    assert outcome["ok"], printed
    assert "refused without a token" in printed
    assert "a chat is read there, Miss from cloudfront" in printed

    outcome, _ = await walked(options(token_mode, origin="https://evil.example"))
    assert outcome["cause"]["name"] == ORIGIN.name

    outcome, _ = await walked(options(token_mode, open=True))
    assert outcome["cause"]["name"] == AUTH.name

    another = f"another-{secrets.token_hex(4)}"
    await MotoResources(moto_url).put_secret(another, fresh_keys())
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    outcome, printed = await walked(options(token_mode, secret=another))
    assert outcome["cause"]["name"] == AUTH.name
    assert "401" in outcome["steps"][-1]["seen"]
