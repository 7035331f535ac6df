import base64
import json
import string
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.tokens.claims import BadToken, Claims
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens, mint, tokens, verify
from functions.rooms.identity import CAPABILITIES, VIEWER
from functions.rooms.text import flaw_of_name, trim
from functions.runtime.settings import Settings

NOW = 1_700_000_000
KEYS = Keys("new", {"old": "o" * 40, "new": "n" * 40})
CLAIMS: dict[str, Any] = {"sub": "u1", "name": "Alice", "activityId": 42, "exp": NOW + 60}

names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=32).filter(
    lambda name: flaw_of_name(trim(name)) is None and flaw_of_name(name) is None
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def signed(claims: dict[str, Any], kid: str = "new", **headers: Any) -> str:
    """A token with a valid signature, whatever it says."""
    return jwt.encode(claims, KEYS.by_kid[kid], headers={"kid": kid, **headers})


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def without(claim: str) -> dict[str, Any]:
    return {name: value for name, value in CLAIMS.items() if name != claim}


def test_a_token_says_who_and_where_and_what_is_allowed() -> None:
    claims = verify(signed({**CLAIMS, "caps": ["chat", "moderate"], "avatar": "face"}), KEYS, now=NOW)
    assert claims == Claims.of_ours(
        sub="u1",
        name="Alice",
        activity_id=42,
        caps=frozenset({"chat", "moderate"}),
        avatar="face",
        exp=NOW + 60,
    )


def test_without_caps_it_is_a_viewers_and_without_a_room_a_platforms() -> None:
    claims = verify(signed(without("activityId")), KEYS, now=NOW)
    assert (claims.caps, claims.rooms, claims.is_platform) == (VIEWER, None, True)


@pytest.mark.parametrize("kid", ["old", "new"])
def test_every_live_key_is_good(kid: str) -> None:
    assert verify(signed(CLAIMS, kid), KEYS, now=NOW).sub == "u1"


@pytest.mark.parametrize(
    "claims",
    [
        without("exp"),
        without("sub"),
        without("name"),
        *({**CLAIMS, "exp": exp} for exp in (str(NOW + 60), True, None, [NOW + 60], float("nan"), float("inf"))),
        *({**CLAIMS, "exp": exp} for exp in (NOW, NOW - 1, 0, -1, NOW - 0.5)),
        *({**CLAIMS, "nbf": nbf} for nbf in (NOW + 3600, "soon", float("nan"))),
        *({**CLAIMS, "sub": sub} for sub in (7, "", " u1", "u\n1", "u" * 65, None, ["u1"])),
        *({**CLAIMS, "name": name} for name in (7, "", "  ", "a\x00b", "a" * 33, None, "\ud800")),
        *({**CLAIMS, "activityId": room} for room in ("42", 42.0, True, 0, -1, 2**53, None, [42])),
        *({**CLAIMS, "caps": caps} for caps in ("chat", ["fly"], [["chat"]], [1], None, {"chat": True}, [None])),
        *({**CLAIMS, "avatar": avatar} for avatar in (7, "x" * 513, None)),
        {**CLAIMS, "aud": "another service"},
    ],
)
def test_claims_that_cannot_be_meant_are_refused_however_well_signed(claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        verify(signed(claims), KEYS, now=NOW)


def test_a_token_ends_with_its_time_and_not_before() -> None:
    assert verify(signed(CLAIMS), KEYS, now=NOW + 59.9).sub == "u1"
    with pytest.raises(BadToken, match="expired"):
        verify(signed(CLAIMS), KEYS, now=NOW + 60)


def test_a_clock_that_is_a_little_ahead_cuts_nobody_off() -> None:
    assert verify(signed({**CLAIMS, "nbf": NOW + 5, "iat": NOW + 5}), KEYS, now=NOW).sub == "u1"


@pytest.mark.parametrize("alg", ["none", "None", "HS384", "HS512", "RS256", "ES256", "", "hs256"])
def test_any_algorithm_but_hs256_is_refused(alg: str) -> None:
    header = part({"alg": alg, "kid": "new", "typ": "JWT"})
    signature = signed(CLAIMS).rpartition(".")[2]
    for token in (f"{header}.{part(CLAIMS)}.{signature}", f"{header}.{part(CLAIMS)}."):
        with pytest.raises(BadToken, match="alg"):
            verify(token, KEYS, now=NOW)


def test_a_well_signed_token_of_another_algorithm_is_refused() -> None:
    with pytest.raises(BadToken, match="alg"):
        verify(jwt.encode(CLAIMS, "n" * 64, algorithm="HS512", headers={"kid": "new"}), KEYS, now=NOW)


@pytest.mark.parametrize(
    "forge",
    [
        lambda: jwt.encode(CLAIMS, "another key, as long as it has to be", headers={"kid": "new"}),
        lambda: jwt.encode(CLAIMS, KEYS.by_kid["old"], headers={"kid": "new"}),  # the other live key
        lambda: jwt.encode(CLAIMS, KEYS.by_kid["new"], headers={"kid": "newer"}),
        lambda: jwt.encode(CLAIMS, KEYS.by_kid["new"]),
        lambda: signed(CLAIMS, crit=["b64"]),
        lambda: signed(CLAIMS, jku="https://keys.example/", crit=["jku"]),
        lambda: signed(CLAIMS)[:-4] + "AAAA",
        lambda: signed(CLAIMS).rpartition(".")[0] + ".",
        lambda: swapped("sub", "admin"),
        lambda: swapped("activityId", 43),
        lambda: swapped("caps", ["admin"]),
        lambda: signed({**CLAIMS, "padding": "x" * 4096}),
        lambda: "",
        lambda: "..",
        lambda: "a.b.c",
        lambda: "é.é.é",
        lambda: "\ud800",
        lambda: part("x") + "." + part(CLAIMS) + ".c2ln",
        lambda: base64.urlsafe_b64encode(b"[" * 2000).decode().rstrip("=") + ".e30.c2ln",
    ],
)
def test_a_forged_token_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(BadToken):
        verify(forge(), KEYS, now=NOW)


def swapped(claim: str, value: object) -> str:
    """A token whose claims were changed behind its signature."""
    header, _, signature = signed(CLAIMS).split(".")
    return f"{header}.{part({**CLAIMS, claim: value})}.{signature}"


@given(
    sub=names,
    name=names,
    activity_id=st.none() | st.integers(1, 2**53 - 1),
    caps=st.frozensets(st.sampled_from(sorted(CAPABILITIES))),
    avatar=st.text(string.ascii_letters, max_size=40),
)
def test_what_is_minted_is_what_is_verified(
    sub: str, name: str, activity_id: int | None, caps: frozenset[str], avatar: str
) -> None:
    claims = Claims.of_ours(sub=sub, name=name, activity_id=activity_id, caps=caps, avatar=avatar, exp=NOW + 60)
    found = verify(mint(claims, KEYS), KEYS, now=NOW)
    assert (found.sub, found.caps, found.avatar) == (sub, caps, avatar)
    assert (found.rooms, found.is_platform) == ((None, True) if activity_id is None else ({activity_id}, False))


@given(st.dictionaries(st.sampled_from(["sub", "name", "activityId", "exp", "nbf", "caps", "avatar"]), json_values))
def test_any_claims_are_either_sound_or_refused(claims: dict[str, Any]) -> None:
    try:
        found = verify(signed(CLAIMS | claims), KEYS, now=NOW)
    except BadToken:
        return
    assert found.exp > NOW
    assert found.caps <= CAPABILITIES
    assert found.rooms is None or all(1 <= room < 2**53 for room in found.rooms)
    assert 1 <= len(found.name) <= 32
    assert 1 <= len(found.sub) <= 64


@given(st.text(max_size=200) | st.text(string.ascii_letters + ".-_=", max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, KEYS, now=NOW)


def test_an_error_quotes_nothing_of_the_token() -> None:
    for token in (swapped("sub", "mallory"), signed({**CLAIMS, "name": "mallory\x00"}), "mallory.mallory.mallory"):
        with pytest.raises(BadToken) as error:
            verify(token, KEYS, now=NOW)
        assert "mallory" not in str(error.value)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__


async def test_a_rotation_cuts_nobody_off() -> None:
    secret = {"current": "old", "old": KEYS.by_kid["old"]}
    seconds = 0.0

    async def read() -> str:
        return json.dumps(secret)

    checked = Tokens(TokenKeys(read, clock=lambda: seconds), clock=lambda: NOW)
    before, _ = await checked.mint(sub="u1", name="A", activity_id=42, caps=VIEWER, seconds=60)
    assert (await checked.verify(before)).sub == "u1"
    secret = {"current": "new", **KEYS.by_kid}
    seconds = 11.0
    assert (await checked.verify(signed(CLAIMS))).sub == "u1"  # signed elsewhere with a key that is not known here yet
    assert (await checked.verify(before)).sub == "u1"
    after, _ = await checked.mint(sub="u1", name="A", activity_id=42, caps=VIEWER, seconds=60)
    assert jwt.get_unverified_header(after)["kid"] == "new"


async def test_in_open_mode_a_token_can_be_made_without_a_secret() -> None:
    made = tokens(Settings(auth_mode="open"))
    token, _ = await made.mint(sub="u1", name="Alice", activity_id=42, caps=VIEWER, seconds=60)
    assert (await made.verify(token)).name == "Alice"


def test_attributes_are_kept_and_a_token_with_wrong_ones_is_refused() -> None:
    attributes = {"role": "主播", "quote": '"'}
    claims = Claims.of_ours(sub="u1", name="Alice", activity_id=42, exp=NOW + 60, attributes=attributes)
    assert verify(mint(claims, KEYS), KEYS, now=NOW).attributes == attributes
    wrongs: list[Any] = [None, "host", [], {"level": 1}, {"a": "x" * 1024}, {str(number): "" for number in range(17)}]
    for wrong in wrongs:
        claims = Claims.of_ours(sub="u1", name="Alice", activity_id=42, exp=NOW + 60)
        payload = jwt.decode(mint(claims, KEYS), options={"verify_signature": False}) | {"attributes": wrong}
        token = jwt.encode(payload, KEYS.by_kid[KEYS.current], algorithm="HS256", headers={"kid": KEYS.current})
        with pytest.raises(BadToken):
            verify(token, KEYS, now=NOW)
