"""cdk-nag: what it finds fails the synthesis, but for what is accepted here, each with its reason.

A finding is accepted at one path of the stack, in which `*` stands for a part of one segment. Where a setting of the
stage would mend it, it is accepted without that setting only.
https://github.com/cdklabs/cdk-nag/blob/main/RULES.md
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from aws_cdk import Acknowledgment, App, CfnResource, Stack, Validations
from aws_cdk import custom_resources as cr
from cdk_nag import AwsSolutionsChecks, NagPack, ServerlessChecks
from constructs import IConstruct

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from infra.stage import ExistingKafka, ProvisionedKafka, Stage

# The CDK's own functions, which run while the stack is deployed and never else: who asks for the brokers' addresses,
# and who hands CloudFormation's requests to the function that makes topics.
ASKS = f"AWS{cr.AwsCustomResource.PROVIDER_FUNCTION_UUID.replace('-', '')}"
HANDS_ON = "RoomLog/Topics/Provider/framework-onEvent"


@dataclass(frozen=True)
class Accepted:
    """The finding `rule`, as cdk-nag calls it, `at` a path within the stack."""

    rule: str
    at: str
    reason: str

    def is_at(self, path: str) -> bool:
        """Whether it is about the resource of this path."""
        return re.fullmatch(re.escape(self.at).replace(r"\*", "[^/]*"), path) is not None


def packs(app: App) -> tuple[NagPack, ...]:
    """The rules that are checked."""
    return AwsSolutionsChecks(app, verbose=True), ServerlessChecks(app, verbose=True)


def check(app: App, stack: Stack, stage: Stage) -> None:
    """Have the synthesis fail for whatever is found in the stack and is not accepted."""
    for resource, one in found_and_accepted(stack, stage):
        Validations.of(resource).acknowledge(Acknowledgment(id=one.rule, reason=one.reason))
    Validations.of(app).add_plugins(*packs(app))


def found_and_accepted(stack: Stack, stage: Stage) -> list[tuple[IConstruct, Accepted]]:
    """Each resource of which something is accepted, and what."""
    every = list(accepted(stack, stage))
    return [
        (resource, one)
        for resource in stack.node.find_all()
        if CfnResource.is_cfn_resource(resource)
        for one in every
        if one.is_at(resource.node.path.partition("/")[2])
    ]


def accepted(stack: Stack, stage: Stage) -> Iterator[Accepted]:
    """All that is accepted in such a stage, in the order of an event's way."""
    yield from _of_the_network(stage)
    yield from _of_the_gateway(stage)
    if stage.edge.distribution:
        yield from _of_the_edge(stage)
    yield from _of_the_functions()
    yield from _of_the_roles(stack)
    yield from _of_the_queues(stage)
    if _makes_topics_itself(stage):
        yield from _of_the_topics(stack)
    if stage.alarm_email is not None:
        shown = "By email: the dashboard shows each alarm too, and a queue would have no other reader."
        yield Accepted("Serverless-SNSRedrivePolicy", "Seen/Alarms/Topic/*/Resource", shown)


def _of_the_network(stage: Stage) -> Iterator[Accepted]:
    if stage.network.existing is None and stage.network.flow_logs is None:
        yield Accepted("AwsSolutions-VPC7", "Network/Vpc/Resource", "Paid for by the GB: network.flow_logs keeps them.")
    if isinstance(stage.kafka, ProvisionedKafka) and not stage.kafka.broker_logs:
        yield Accepted("AwsSolutions-MSK6", "RoomLog/Brokers/Cluster", "kafka.broker_logs is switched off.")


def _of_the_gateway(stage: Stage) -> Iterator[Accepted]:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    once = "A WebSocket API asks its authorizer at $connect alone; what it said goes with every later event."
    yield Accepted("AwsSolutions-APIG4", "Gateway/Api/$default-Route/Resource", once)
    yield Accepted("AwsSolutions-APIG4", "Gateway/Api/$disconnect-Route/Resource", once)
    itself = "The function verifies the token of each call itself; /api/health takes none."
    yield Accepted("AwsSolutions-APIG4", "PlatformApi/Api/*/Resource", itself)
    rotated = "Whoever signs tokens must have the new key before it is used, so people rotate it: docs/operate.md."
    yield Accepted("AwsSolutions-SMG4", "TokenKeys/Keys", rotated)
    if not stage.edge.access_logs:
        for rule, api in product(("AwsSolutions-APIG1", "Serverless-APIGWAccessLogging"), ("Gateway", "PlatformApi")):
            yield Accepted(rule, f"{api}/Stage/Resource", "edge.access_logs is switched off.")
    elif stage.edge.access_logs_role:
        yield Accepted(
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/"
            "service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
            "Gateway/LogsRole/Role/Resource",
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
            "The account's one role for the logs of all its APIs, with the policy that AWS asks for.",
        )


def _of_the_edge(stage: Stage) -> Iterator[Accepted]:
    at = "Gateway/Edge/Distribution/Resource"
    yield Accepted("AwsSolutions-CFR1", at, "Viewers may be in any country; a web ACL can keep countries out.")
    if stage.edge.web_acl_arn is None:
        yield Accepted("AwsSolutions-CFR2", at, "edge.web_acl_arn: the platform's own choice, which is paid for.")
    yield Accepted("AwsSolutions-CFR3", at, "They would hold queries, and so tokens; the API behind it has logs.")
    if stage.edge.domain is None:
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
        yield Accepted("AwsSolutions-CFR4", at, "CloudFront's own name takes no other policy; edge.domain has TLS 1.2.")


def _of_the_functions() -> Iterator[Accepted]:
    answered = "Invoked synchronously, so that there is no event that could be put into a queue."
    for caller in ("authorize", "connect", "message", "disconnect", "api"):
        yield Accepted("Serverless-LambdaDLQ", f"Functions/{caller}/Resource", answered)
    polled = "Invoked by a mapping, which tries again, or has a destination of its own for what fails."
    for reader in ("relay-*", "archive"):
        yield Accepted("Serverless-LambdaDLQ", f"Functions/{reader}/Resource", polled)
    again = "The sweep comes again in a minute and does all that was left; an alarm tells when it does not."
    yield Accepted("Serverless-LambdaDLQ", "Functions/sweep/Resource", again)
    yield Accepted("Serverless-EventBusDLQ", "Sweep/sweep/Resource", again)
    yield Accepted("Serverless-LambdaDLQ", f"{ASKS}/Resource", "CloudFormation waits for it, and sees it fail.")
    yield Accepted("Serverless-LambdaTracing", f"{ASKS}/Resource", "The CDK's own, which has no setting for it.")


def _of_the_roles(stack: Stack) -> Iterator[Accepted]:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    nameless = "X-Ray has no resources, and network interfaces have no names yet; tests list the actions (roles.py)."
    yield Accepted("AwsSolutions-IAM5[Resource::*]", "Functions/*-role/DefaultPolicy/Resource", nameless)
    api = _logical_id(stack, "Gateway", "Api")
    arn = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{api}>/websocket"
    unknown = "Of this API and stage alone; which connections there will be nobody knows."
    for role, method in (("relay-*", "POST"), ("api", "POST"), ("api", "DELETE")):
        rule = f"AwsSolutions-IAM5[Resource::{arn}/{method}/@connections/*]"
        yield Accepted(rule, f"Functions/{role}-role/DefaultPolicy/Resource", unknown)


def _of_the_queues(stage: Stage) -> Iterator[Accepted]:
    last = "It is itself where what failed ends; people read it, and nothing takes from it that could fail."
    for box in ("Archive", "Mappings") if stage.relay.low_latency else ("Archive",):
        yield Accepted("AwsSolutions-SQS3", f"{box}/Failures/Resource", last)
        yield Accepted("Serverless-SQSRedrivePolicy", f"{box}/Failures/Resource", last)
    patient = "With one, Lambda would give up after ten attempts; without, not before the records expire (mappings.py)."
    without = "Serverless-LambdaEventSourceMappingDestination"
    if not stage.relay.low_latency:
        yield Accepted(without, f"Functions/relay-*/Aliaslive/{LIVE_TOPIC}/Resource", patient)
    if stage.archive.mode == "on_demand":
        yield Accepted(without, f"Functions/archive/Aliaslive/{SAVE_TOPIC}/Resource", patient)


def _of_the_topics(stack: Stack) -> Iterator[Accepted]:
    makes = "RoomLog/Topics"
    nameless = "X-Ray has no resources, and network interfaces have no names yet; tests list the actions (roles.py)."
    yield Accepted("AwsSolutions-IAM5[Resource::*]", f"{makes}/role/DefaultPolicy/Resource", nameless)
    versions = f"AwsSolutions-IAM5[Resource::<{_logical_id(stack, 'RoomLog', 'Topics', 'topics')}.Arn>:*]"
    yield Accepted(versions, f"{makes}/provider-role/DefaultPolicy/Resource", "Any version of the one function.")
    waited = "CloudFormation waits for it, and sees it fail."
    for function in (f"{makes}/topics", HANDS_ON):
        yield Accepted("Serverless-LambdaDLQ", f"{function}/Resource", waited)
    for rule in ("LambdaDefaultMemorySize", "LambdaTracing"):
        yield Accepted(f"Serverless-{rule}", f"{HANDS_ON}/Resource", "The CDK's own, which has no setting for it.")


def _makes_topics_itself(stage: Stage) -> bool:
    if isinstance(stage.kafka, ExistingKafka):
        return stage.kafka.make_topics
    return not isinstance(stage.kafka, ProvisionedKafka)


def _logical_id(stack: Stack, *path: str) -> str:
    construct: IConstruct = stack
    for part in path:
        construct = construct.node.find_child(part)
    resource = construct.node.default_child
    assert resource is not None
    assert CfnResource.is_cfn_resource(resource)
    logical_id: str = stack.get_logical_id(resource)  # type: ignore[arg-type]
    return logical_id
