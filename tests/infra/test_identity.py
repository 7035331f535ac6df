from collections.abc import Callable
from dataclasses import fields

import pytest

from functions.adapters.tokens.provider import ClaimNames
from functions.manifest import FUNCTIONS
from infra.stage.identity import IdentityClaims
from tests.infra.cloud import Cloud, JsonObject
from tests.infra.edits import IDENTITY, OTHER_IDENTITY
from tests.infra.stage.test_stage import mistakes, read

Varied = Callable[..., Cloud]
VERIFY = {row.name for row in FUNCTIONS if "token_keys" in row.needs}


def told(cloud: Cloud, name: str) -> JsonObject:
    variables: JsonObject = cloud.functions()[name]["Environment"]["Variables"]
    return {key: value for key, value in variables.items() if key.startswith("IDENTITY")}


def test_the_functions_that_verify_tokens_are_told_of_the_provider_and_no_others(varied: Varied) -> None:
    cloud = varied(identity=OTHER_IDENTITY)
    assert {"authorize", "api"} == VERIFY
    for name in cloud.functions():
        expected = {
            "IDENTITY_ISSUER": OTHER_IDENTITY["issuer"],
            "IDENTITY_AUDIENCE": OTHER_IDENTITY["audience"],
            "IDENTITY_JWKS_URL": OTHER_IDENTITY["jwks_url"],
            "IDENTITY_CLAIMS": "user=email,name=cognito:username,avatar=custom:avatar,attributes=custom:attributes,"
            "caps=cognito:groups,rooms=custom:rooms",
        }
        assert told(cloud, name) == (expected if name in VERIFY else {}), name


def test_a_functions_package_has_what_verifies_a_providers_tokens_only_in_a_stage_with_one(
    varied: Varied, small_cloud: Cloud
) -> None:
    def changed(cloud: Cloud) -> set[str]:
        functions = cloud.functions()
        keys = {name: one["Code"]["S3Key"] for name, one in functions.items()}
        return {name for name, key in keys.items() if "identity" in key}

    assert changed(varied(identity=IDENTITY)) == VERIFY
    assert changed(small_cloud) == set()


def test_claims_that_are_not_named_are_left_to_the_functions(varied: Varied, small_cloud: Cloud) -> None:
    assert "IDENTITY_CLAIMS" not in told(varied(identity=IDENTITY), "authorize")
    assert told(small_cloud, "authorize") == {}


def test_a_stage_names_the_claims_that_the_functions_read_in_the_form_that_they_read() -> None:
    names = [one.name for one in fields(ClaimNames)]
    assert list(IdentityClaims.model_fields) == names
    # An equals sign may be in a URL, and many providers' own claims are named by one.
    claims = {name: f"https://shop.example/{name}?a=b" for name in names}
    stage = read(identity={**IDENTITY, "claims": claims})
    assert stage.identity is not None
    assert ClaimNames.parse(str(stage.identity.claims)) == ClaimNames(**claims)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"issuer": None}, "identity.issuer: must be text"),
        ({"issuer": "http://login.example"}, "identity.issuer: must be like 'https://login.shop.example/', not "),
        ({"issuer": "https://login.example/?tenant=1"}, "identity.issuer: must be like "),
        ({"issuer": "https://"}, "identity.issuer: must be like "),
        ({"audience": ""}, "identity.audience: must be like 'live-rooms', not ''"),
        ({"audience": " live-rooms"}, "identity.audience: must be like "),
        ({"audience": ["live-rooms"]}, "identity.audience: must be text"),
        ({"jwks_url": "http://login.example/keys"}, "identity.jwks_url: must be like 'https://login.shop.example/"),
        ({"jwks_url": "https://me:secret@login.example/keys"}, "identity.jwks_url: must be like "),
        ({"jwks_url": f"https://login.example/{'k' * 256}"}, "identity.jwks_url: must be like "),
        ({"keys_url": "https://login.example/keys"}, "identity.keys_url: there is no such setting"),
        ({"claims": {"username": "sub"}}, "identity.claims.username: there is no such setting"),
        ({"claims": {"user": ""}}, "identity.claims.user: must be like 'cognito:groups', not ''"),
        ({"claims": {"caps": "one,two"}}, "identity.claims.caps: must be like 'cognito:groups', not 'one,two'"),
        ({"claims": {"rooms": "my rooms"}}, "identity.claims.rooms: must be like "),
        ({"claims": "user=sub"}, "identity.claims: must be a table"),
    ],
)
def test_a_provider_that_cannot_be_meant_is_refused_by_name(changes: JsonObject, line: str) -> None:
    (said,) = mistakes(identity={**IDENTITY, **changes})
    assert said.startswith(line)


@pytest.mark.parametrize("missing", IDENTITY)
def test_a_provider_is_named_as_a_whole(missing: str) -> None:
    given = {name: value for name, value in IDENTITY.items() if name != missing}
    assert mistakes(identity=given) == [f"identity.{missing}: is not set"]


def test_a_stage_that_asks_nobody_for_a_token_has_no_provider() -> None:
    reason = "identity: nobody is asked for a token, since auth_mode is 'open': leave it out"
    assert mistakes(identity=IDENTITY, auth_mode="open") == [reason]
