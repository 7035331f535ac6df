import json

import jwt
import pytest

from local.servers.moto import REGION, MotoResources
from tests.tools.answering import answering
from tools.json_http import NobodyThere
from tools.load.options import LoadOptions
from tools.load.viewer import TOKEN_SECONDS, token_source
from tools.token_source import NoToken, Order, no_token, viewer_order


def order(activity_id: int, user: str) -> Order:
    return viewer_order(activity_id, user, TOKEN_SECONDS)


KEYS = {"current": "k1", "k1": "k" * 32}


def options(url: str, *, secret: str | None = None) -> LoadOptions:
    return LoadOptions(url=url.replace("http:", "ws:") + "/websocket", first_room=7, tag="load", secret=secret)


async def test_an_emulator_that_gives_tokens_is_asked_for_each_viewers() -> None:
    with answering("POST", 200, {"token": "a.b.c"}) as (url, asked):
        assert await (await token_source(options(url)))(order(8, "load-1")) == "a.b.c"
    assert asked[-1] == {"activityId": 8, "userId": "load-1", "name": "load-1", "seconds": 86_400}


@pytest.mark.parametrize(("status", "answer"), [(409, {"message": "open"}), (404, b"<html>")])
async def test_rooms_that_give_none_take_a_viewers_word(status: int, answer: object) -> None:
    with answering("POST", status, answer) as (url, _):
        assert await token_source(options(url)) is no_token


async def test_rooms_elsewhere_are_never_asked() -> None:
    for url in ("wss://127.0.0.1:1", "ws://rooms.example"):
        assert await (await token_source(options(url)))(order(7, "load-1")) is None


async def test_an_emulator_that_is_gone_is_said_to_be() -> None:
    with answering("POST", 200, {"token": "a.b.c"}) as (url, _):
        found = await token_source(options(url))
    with pytest.raises(NobodyThere, match="nothing answers"):
        await found(order(7, "load-1"))


async def test_for_a_deployed_stage_tokens_are_signed_here(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await MotoResources(moto_url).put_secret("the-keys", json.dumps(KEYS))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "its-secret")
    assert LoadOptions(url="").region == REGION
    token = await (await token_source(options("wss://rooms.example", secret="the-keys")))(order(8, "load-1"))
    with pytest.raises(NoToken, match="no-such-keys"):
        await token_source(options("wss://rooms.example", secret="no-such-keys"))
    assert token is not None
    claims = jwt.decode(token, KEYS["k1"], algorithms=["HS256"])
    assert (claims["sub"], claims["activityId"]) == ("load-1", 8)
