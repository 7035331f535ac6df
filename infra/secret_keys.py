"""A secret with keys, of tokens or of the edge. CloudFormation generates the first key."""

import json

from aws_cdk import CfnDynamicReference, CfnDynamicReferenceService, RemovalPolicy
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

FIRST = "first"
# Letters and digits only: twice the 32 bytes that HS256 requires.
KEY_CHARACTERS = 64


class SecretKeys:
    """The secret `Keys` of a construct, in the form that functions/adapters/tokens/token_keys.py reads. `keep`: it
    outlives its stack.

    Operators rotate the keys in the secret itself. If a property below changes, CloudFormation may generate the secret
    again, and whatever was made with its keys becomes invalid. So nothing below may change, and it takes no tags.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """

    def __init__(self, scope: Construct, *, description: str, keep: bool = False) -> None:
        keys = secretsmanager.CfnSecret(
            scope,
            "Keys",
            description=description,
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                secret_string_template=json.dumps({"current": FIRST}),
                generate_string_key=FIRST,
                password_length=KEY_CHARACTERS,
                exclude_punctuation=True,
            ),
        )
        if keep:
            keys.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.secret_arn: str = keys.ref

    def key(self, name: str) -> str:
        """A reference that CloudFormation replaces by the key of that name, so the template does not have it.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
        """
        key = f"{self.secret_arn}:SecretString:{name}"
        return CfnDynamicReference(CfnDynamicReferenceService.SECRETS_MANAGER, key).to_string()
