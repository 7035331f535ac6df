import json

from functions.adapters.tokens.token_keys import KEY_BYTES, Keys
from tests.infra.cloud import Cloud


def test_the_secret_begins_with_one_generated_key_in_the_shape_that_functions_read(cloud: Cloud) -> None:
    asked = cloud.all("AWS::SecretsManager::Secret")[cloud.token_secret()]["GenerateSecretString"]
    generated = "a" * asked["PasswordLength"]
    parsed = Keys.parse(json.dumps(json.loads(asked["SecretStringTemplate"]) | {asked["GenerateStringKey"]: generated}))
    assert parsed.by_kid == {parsed.current: generated}
    assert len(generated) >= KEY_BYTES


def test_what_would_have_cloudformation_generate_the_secret_anew_stays_as_it_was(cloud: Cloud) -> None:
    # Its id and properties: a change may write or replace the secret, of which operators have rotated the keys.
    id = cloud.token_secret()
    assert id == "TokenKeysBF201796"
    assert cloud.template["Resources"][id]["Properties"] == {
        "Description": "Live rooms: the keys of tokens",
        "GenerateSecretString": {
            "SecretStringTemplate": '{"current": "first"}',
            "GenerateStringKey": "first",
            "PasswordLength": 64,
            "ExcludePunctuation": True,
        },
    }


def test_no_key_is_in_the_template_and_the_secret_is_named_in_an_output(cloud: Cloud) -> None:
    assert cloud.filled(cloud.template["Outputs"]["TokenSecretArn"]["Value"]) == f"<{cloud.token_secret()}>"
