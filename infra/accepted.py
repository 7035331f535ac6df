"""What cdk-nag finds and is accepted all the same, each with its reason. All else that it finds is to be mended.

A finding is accepted at one place, a path of the stack; `*` stands for what is in one segment of it. Where a setting
of the stage would mend it, it is accepted without that setting only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from aws_cdk import Acknowledgment, CfnResource, Stack, Validations
from aws_cdk import custom_resources as cr
from constructs import IConstruct

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from infra.stage import ProvisionedKafka, Stage

# The CDK's own functions, which run while the stack is deployed: who asks for the brokers' addresses, and who hands
# CloudFormation's requests to the function that makes topics.
ASKS = "AWS" + cr.AwsCustomResource.PROVIDER_FUNCTION_UUID.replace("-", "")
HANDS_ON = "RoomLog/Topics/Provider/framework-onEvent"


@dataclass(frozen=True)
class Accepted:
    """The finding `rule`, as cdk-nag calls it, `at` a path within the stack."""

    rule: str
    at: str
    reason: str


def accept_findings(stack: Stack, *, api: CfnResource, stage: Stage) -> None:
    """Acknowledge what is accepted. `api` is the WebSocket API."""
    accepted = list(_accepted(stack, api, stage))
    for resource in stack.node.find_all():
        if not CfnResource.is_cfn_resource(resource):
            continue
        _, _, path = resource.node.path.partition("/")
        for one in accepted:
            if _matches(path, one.at):
                Validations.of(resource).acknowledge(Acknowledgment(id=one.rule, reason=one.reason))
