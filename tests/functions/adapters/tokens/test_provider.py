import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from functions.adapters.tokens.claims import BadToken, Claims
from functions.adapters.tokens.provider import ClaimNames, Provider
from functions.adapters.tokens.provider_keys import ProviderKeys
from functions.adapters.tokens.token_keys import TokenKeys
from functions.adapters.tokens.tokens import Tokens
from functions.rooms.identity import VIEWER
from tests.functions.adapters.tokens.test_provider_keys import EC, RSA, entry, key_set

NOW = 1_700_000_000
ISSUER, AUDIENCE = "https://id.example/pool", "rooms"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "name": "Alice", "exp": NOW + 60, "iat": NOW}
SECRET = "s" * 40
PUBLIC_PEM = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def verifier(claims: str = "") -> Tokens:
    """Tokens of the stage's own, whose key is "own", and of a provider with the keys "r" and "e"."""

    async def secret() -> str:
        return json.dumps({"current": "own", "own": SECRET})

    async def read() -> bytes:
        return key_set(entry("r", RSA), entry("e", EC))

    keys = ProviderKeys(read, clock=lambda: NOW)
    provider = Provider(keys, issuer=ISSUER, audience=AUDIENCE, claims=ClaimNames.parse(claims))
    return Tokens(TokenKeys(secret, clock=lambda: NOW), provider, clock=lambda: NOW)


def signed(claims: dict[str, Any] | None = None, *, kid: str = "r", **headers: Any) -> str:
    key, algorithm = (RSA, "RS256") if kid.startswith("r") else (EC, "ES256")
    return jwt.encode(CLAIMS if claims is None else claims, key, algorithm=algorithm, headers={"kid": kid, **headers})


@pytest.mark.parametrize("kid", ["r", "e"])
async def test_a_token_of_the_provider_says_who_and_is_for_every_room_and_no_platforms(kid: str) -> None:
    claims = await verifier().verify(signed(kid=kid))
    assert claims == Claims(sub="u1", name="Alice", rooms=None, is_platform=False, caps=VIEWER, exp=NOW + 60)
    assert claims.admit(1)


async def test_attributes_are_those_of_the_claim_that_is_named() -> None:
    claims = {**CLAIMS, "attributes": {"role": "host"}, "https://rooms.example/shown": {"level": "12"}}
    assert (await verifier().verify(signed(claims))).attributes == {"role": "host"}
    named = verifier("attributes=https://rooms.example/shown")
    assert (await named.verify(signed(claims))).attributes == {"level": "12"}
    assert (await verifier().verify(signed({**CLAIMS, "attributes": None}))).attributes == {}


@pytest.mark.parametrize("attributes", ["host", [], 0, {"level": 1}, {"a": "x" * 1024}, {"a\n": "b"}])
async def test_a_token_whose_attributes_are_none_is_refused(attributes: Any) -> None:
    with pytest.raises(BadToken, match="attributes"):
        await verifier().verify(signed({**CLAIMS, "attributes": attributes}))


async def test_tokens_of_the_stage_are_good_beside_them() -> None:
    checked = verifier()
    token, _ = await checked.mint(sub="u2", name="Bob", activity_id=None, caps=VIEWER, seconds=60)
    assert (await checked.verify(token)).is_platform


async def test_other_claims_can_hold_what_is_asked_for() -> None:
    names = "user=username, name=nick, avatar=face, caps=cognito:groups, rooms=https://rooms.example/shows"
    claims = {
        **CLAIMS,
        "username": "u9",
        "nick": "Nine",
        "face": "https://cdn.example/9.png",
        "cognito:groups": ["eu-west-1_users", "chat", "moderate"],
        "https://rooms.example/shows": [7, "8"],
    }
    assert await verifier(names).verify(signed(claims)) == Claims(
        sub="u9",
        name="Nine",
        avatar="https://cdn.example/9.png",
        caps=frozenset({"chat", "moderate"}),
        rooms=frozenset({7, 8}),
        exp=NOW + 60,
    )


@pytest.mark.parametrize(
    ("value", "caps"),
    [
        ("openid chat like", {"chat", "like"}),
        ([], set()),
        ("", set()),
        (["nothing of ours"], set()),
        (None, VIEWER),
    ],
)
async def test_capabilities_come_as_a_list_or_as_words(value: object, caps: set[str]) -> None:
    assert (await verifier().verify(signed({**CLAIMS, "caps": value}))).caps == caps


async def test_a_token_without_the_claim_of_rooms_is_for_none() -> None:
    with pytest.raises(BadToken):
        await verifier("rooms=shows").verify(signed())


@pytest.mark.parametrize(
    "claims",
    [
        *(
            {name: value for name, value in CLAIMS.items() if name != gone}
            for gone in ("iss", "aud", "exp", "sub", "name")
        ),
        {**CLAIMS, "iss": "https://id.example/other"},
        {**CLAIMS, "iss": ISSUER + "/"},
        {**CLAIMS, "aud": "others"},
        {**CLAIMS, "aud": ["others"]},
        {**CLAIMS, "aud": []},
        *({**CLAIMS, "exp": exp} for exp in (NOW, NOW - 1, str(NOW + 60), True, None, float("nan"), float("inf"))),
        *({**CLAIMS, name: at} for name in ("nbf", "iat") for at in (NOW + 61, "soon", None)),
        *({**CLAIMS, "sub": sub} for sub in (7, "", " u1", "u\n1", "u" * 65, None, ["u1"])),
        *({**CLAIMS, "name": name} for name in (7, "", "a\x00b", None)),
        *({**CLAIMS, "picture": picture} for picture in (7, "x" * 513, ["a"])),
        *({**CLAIMS, "caps": caps} for caps in ({"chat": True}, [["chat"]], True, [None])),
    ],
)
async def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        await verifier().verify(signed(claims))


@pytest.mark.parametrize("rooms", ["x", 0, -1, [1, "two"], 2**53, True, [True], {"1": 1}, None, [1.5]])
async def test_a_claim_of_rooms_that_names_none_is_refused(rooms: object) -> None:
    with pytest.raises(BadToken):
        await verifier("rooms=rooms").verify(signed({**CLAIMS, "rooms": rooms}))


def forged(header: dict[str, Any], key: bytes = PUBLIC_PEM) -> str:
    """A token that is signed with HMAC under a public key, whatever its header says."""
    part = [jwt.utils.base64url_encode(json.dumps(one).encode()) for one in (header, CLAIMS)]
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(b".".join(part), key)
    return b".".join([*part, jwt.utils.base64url_encode(signature)]).decode()


FORGERIES = [
    forged({"alg": "HS256", "kid": "r"}),
    forged({"alg": "RS256", "kid": "r"}),
    forged({"alg": "ES256", "kid": "r"}),
    forged({"alg": "none", "kid": "r"}),
    forged({"alg": "RS256", "kid": "own"}, SECRET.encode()),
    forged({"alg": "RS256"}),
    forged({"alg": "RS512", "kid": "r"}),
    forged({"alg": ["RS256"], "kid": "r"}),
    jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "r"}),
    jwt.encode(CLAIMS, RSA, algorithm="PS256", headers={"kid": "r"}),
    jwt.encode(CLAIMS, RSA, algorithm="RS512", headers={"kid": "r"}),
    jwt.encode(CLAIMS, EC, algorithm="ES256", headers={"kid": "r"}),
    jwt.encode(CLAIMS, RSA, algorithm="RS256", headers={"kid": "e"}),
    jwt.encode(CLAIMS, RSA, algorithm="RS256", headers={"kid": "unknown"}),
    jwt.encode(CLAIMS, RSA, algorithm="RS256"),
    jwt.encode(CLAIMS, RSA, algorithm="RS256", headers={"kid": "r", "crit": ["x"]}),
    jwt.encode(CLAIMS, rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256", {"kid": "r"}),
    jwt.encode(CLAIMS, ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "e"}),
    signed()[:-4] + "AAAA",
    "..",
    "",
]


@pytest.mark.parametrize("number", range(len(FORGERIES)))
async def test_a_signature_of_another_key_or_algorithm_is_refused(number: int) -> None:
    with pytest.raises(BadToken):
        await verifier().verify(FORGERIES[number])


async def test_without_a_provider_its_tokens_are_refused() -> None:
    async def secret() -> str:
        return json.dumps({"current": "own", "own": SECRET})

    with pytest.raises(BadToken, match="alg"):
        await Tokens(TokenKeys(secret), clock=lambda: NOW).verify(signed())


@pytest.mark.parametrize("text", ["user=", "users=sub", "sub", "=sub", "user=sub,what=ever"])
def test_names_of_claims_that_mean_nothing_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="give claim names to attributes, avatar, caps, name, rooms, user"):
        ClaimNames.parse(text)


def test_names_of_claims_have_defaults() -> None:
    assert ClaimNames.parse("") == ClaimNames() == ClaimNames.parse(" user=sub , rooms= ")
