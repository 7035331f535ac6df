from dataclasses import replace

import httpx

from functions.usecases.admission import Admission
from tests.functions.api.bearers import EVERYTHING, TOKENS, bearing
from tests.functions.api.site import Site
from tests.functions.conftest import NOW

CALLER = "/api/caller"


async def test_a_caller_is_told_who_they_are_and_what_they_may_do(client: httpx.AsyncClient) -> None:
    mod = {"mode": "token", "userId": "mod", "name": "Mod", "exp": NOW / 1000 + 60}
    answer = await client.get(CALLER)
    assert answer.json() == {**mod, "platform": True, "rooms": None, "caps": sorted(EVERYTHING)}
    answer = await client.get(CALLER, headers=bearing("moderate", "chat", activity_id=42))
    assert answer.json() == {**mod, "platform": False, "rooms": [42], "caps": ["chat", "moderate"]}


async def test_in_open_mode_everybody_is_the_platform(client: httpx.AsyncClient, site: Site) -> None:
    site.parts = replace(site.parts, admission=Admission(mode="open", tokens=TOKENS))
    answer = await client.get(CALLER, headers={"Authorization": ""})
    platform = {"mode": "open", "userId": "platform", "name": "platform", "platform": True, "rooms": None, "exp": None}
    assert (answer.status_code, answer.json()) == (200, {**platform, "caps": sorted(EVERYTHING)})


async def test_without_a_valid_token_it_is_401(client: httpx.AsyncClient) -> None:
    for sent in ("", "Bearer a.b.c"):
        answer = await client.get(CALLER, headers={"Authorization": sent})
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized"), sent
