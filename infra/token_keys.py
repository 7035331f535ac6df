"""The secret of the keys that tokens are signed with, made with a first key that nobody has seen."""

import json

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

FIRST = "first"
# Letters and digits only; twice the 32 bytes that HS256 asks for.
KEY_CHARACTERS = 64


class TokenKeys(Construct):
    """`secret_arn` names the secret, in the shape that functions/adapters/token_keys.py reads.

    Operators rotate the keys in the secret itself. CloudFormation may generate it anew when what is asked for here
    changes, and a stage's tokens would be refused. Nothing below may change.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        keys = secretsmanager.CfnSecret(
            self,
            "Keys",
            description="Live rooms: the keys of tokens",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                secret_string_template=json.dumps({"current": FIRST}),
                generate_string_key=FIRST,
                password_length=KEY_CHARACTERS,
                exclude_punctuation=True,
            ),
        )
        self.secret_arn = keys.ref
