"""cdk-nag: a finding fails the synthesis, unless it is accepted here with a reason.

A finding is accepted at one path of the stack. A `*` in the path stands for any part of one segment. If a setting of
the stage would fix a finding, it is accepted only while that setting is off.
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
from infra.stage.china import is_in_china
from infra.stage.kafka import ProvisionedKafka
from infra.stage.stage import Stage

# The CDK's own functions, which run during a deployment only. One asks MSK for the brokers' addresses. The other
# invokes our function that makes topics.
ASKS_FOR_BROKERS = f"AWS{cr.AwsCustomResource.PROVIDER_FUNCTION_UUID.replace('-', '')}"
INVOKES_TOPICS = "RoomLog/Topics/Provider/framework-onEvent"

# Reasons that several findings share. The tests name each action that is allowed for all resources.
NO_NAMES = "X-Ray has no resources, and network interfaces have no names yet; tests list the actions (role.py)."
DEPLOYMENT = "CloudFormation waits for it, and sees it fail."
CDKS_OWN = "The CDK's own, which has no setting for it."


@dataclass(frozen=True)
class Accepted:
    """The finding `rule`, as cdk-nag calls it, `at` a path within the stack."""

    rule: str
    at: str
    reason: str

    def is_at(self, path: str) -> bool:
        """Whether the resource at `path` has this finding."""
        return re.fullmatch(re.escape(self.at).replace(r"\*", "[^/]*"), path) is not None


def packs(app: App) -> tuple[NagPack, ...]:
    """The sets of rules that are checked."""
    return AwsSolutionsChecks(app, verbose=True), ServerlessChecks(app, verbose=True)


def check(app: App, stack: Stack, stage: Stage) -> None:
    """Make the synthesis fail for each finding in the stack that is not accepted."""
    every = list(accepted(stack, stage))
    for resource in filter(CfnResource.is_cfn_resource, stack.node.find_all()):
        for one in every:
            if one.is_at(resource.node.path.partition("/")[2]):
                Validations.of(resource).acknowledge(Acknowledgment(id=one.rule, reason=one.reason))
    Validations.of(app).add_plugins(*packs(app))


def accepted(stack: Stack, stage: Stage) -> Iterator[Accepted]:
    """All findings that are accepted in a stack of this stage, in the order of `infra/stack.py`."""
    yield from _in_the_network(stage)
    yield from _in_the_gateway(stage)
    if stage.edge.distribution:
        yield from _in_the_edge(stack, stage)
    yield from _in_the_functions(stage)
    if is_in_china(stage.region):
        absent = "Lambda has no X-Ray in the Regions of China."
        for names in ("Functions/*", *(["RoomLog/Topics/topics"] if stage.makes_topics_itself else [])):
            yield Accepted("Serverless-LambdaTracing", f"{names}/Resource", absent)
    yield from _in_the_roles(stack, stage)
    yield from _in_the_queues(stage)
    if stage.deployment != "all":
        looks = "cloudwatch:DescribeAlarms alone: CodeDeploy asks for alarms by their names."
        yield Accepted("AwsSolutions-IAM5[Resource::*]", "Gradual/Role/DefaultPolicy/Resource", looks)
    if stage.makes_topics_itself:
        yield from _in_the_topics(stack)
    if stage.alarm_email is not None:
        shown = "By email: the dashboard shows each alarm too, and a queue would have no other reader."
        yield Accepted("Serverless-SNSRedrivePolicy", "Observability/Alarms/Topic/*/Resource", shown)


def _in_the_network(stage: Stage) -> Iterator[Accepted]:
    if stage.network.existing is None and stage.network.flow_logs is None:
        yield Accepted(
            "AwsSolutions-VPC7", "Network/Vpc*/Resource", "Paid for by the GB: network.flow_logs keeps them."
        )
    if isinstance(stage.kafka, ProvisionedKafka) and not stage.kafka.broker_logs:
        yield Accepted("AwsSolutions-MSK6", "RoomLog/Brokers*/Cluster", "kafka.broker_logs is switched off.")


def _in_the_gateway(stage: Stage) -> Iterator[Accepted]:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    connect_only = "A WebSocket API asks its authorizer at $connect only; later events carry the authorizer's context."
    yield Accepted("AwsSolutions-APIG4", "Gateway/Api/$default-Route/Resource", connect_only)
    yield Accepted("AwsSolutions-APIG4", "Gateway/Api/$disconnect-Route/Resource", connect_only)
    itself = "The function verifies the token of each call itself; /api/health takes none."
    yield Accepted("AwsSolutions-APIG4", "PlatformApi/Api/*/Resource", itself)
    rotated = "Whoever signs tokens must have the new key before it is used, so people rotate it: docs/operate.md."
    if stage.token_secret_arn is None:
        yield Accepted("AwsSolutions-SMG4", "TokenKeys/Keys", rotated)
    if stage.gallery is not None:
        held = "Addresses that readers hold must stay valid while a key is replaced, so people do it: docs/operate.md."
        yield Accepted("AwsSolutions-SMG4", "GalleryKeys/Keys", held)
    if not stage.edge.access_logs:
        for rule, api in product(("AwsSolutions-APIG1", "Serverless-APIGWAccessLogging"), ("Gateway", "PlatformApi")):
            yield Accepted(rule, f"{api}/Stage/Resource", "edge.access_logs is switched off.")
    elif stage.edge.access_logs_role:
        policy = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        documented = "The account's one role for the logs of all its APIs, with the policy that AWS asks for."
        yield Accepted(f"AwsSolutions-IAM4[Policy::{policy}]", "Gateway/LogsRole/Role/Resource", documented)


def _in_the_edge(stack: Stack, stage: Stage) -> Iterator[Accepted]:
    at = "Gateway/Edge/Distribution/Resource"
    yield Accepted("AwsSolutions-CFR1", at, "Viewers may be in any country; a web ACL can keep countries out.")
    if stage.edge.web_acl_arn is None:
        yield Accepted("AwsSolutions-CFR2", at, "edge.web_acl_arn: the platform's own choice, which is paid for.")
    yield Accepted("AwsSolutions-CFR3", at, "They would hold queries, and so tokens; the API behind it has logs.")
    if stage.edge.only:
        sent = "Functions must accept a new key before CloudFront sends it, so people replace it: docs/operate.md."
        yield Accepted("AwsSolutions-SMG4", "Gateway/Edge/EdgeKeys/Keys", sent)
    if stage.edge.page:
        yield from _in_the_pages(stack)
    if stage.edge.domain is None:
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
        yield Accepted("AwsSolutions-CFR4", at, "CloudFront's own name takes no other policy; edge.domain has TLS 1.2.")


def _in_the_pages(stack: Stack) -> Iterator[Accepted]:
    bucket = _logical_id(stack, "Gateway", "Edge", "Pages", "Bucket")
    reread = "Whoever comes by may read its files; CloudFront, its one reader, has none either."
    yield Accepted("AwsSolutions-S1", "Gateway/Edge/Pages/Bucket/Resource", reread)
    files = f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/*]"
    yield Accepted(files, "Pages/role/DefaultPolicy/Resource", "The files of this one bucket.")
    yield Accepted("AwsSolutions-IAM5[Resource::*]", "Pages/role/DefaultPolicy/Resource", NO_NAMES)
    yield Accepted("Serverless-LambdaDLQ", "Pages/pages/Resource", DEPLOYMENT)


def _in_the_functions(stage: Stage) -> Iterator[Accepted]:
    synchronous = "Invoked synchronously, so that there is no event that could be put into a queue."
    for name in ("authorize", "connect", "message", "disconnect", "api", *(("gallery",) if stage.gallery else ())):
        yield Accepted("Serverless-LambdaDLQ", f"Functions/{name}/Resource", synchronous)
    retried = "Invoked by a mapping, which retries, or has a destination of its own for what fails."
    for name in ("relay-*", "archive"):
        yield Accepted("Serverless-LambdaDLQ", f"Functions/{name}/Resource", retried)
    again = "The sweep runs again in a minute and does all that was left; an alarm tells when it does not."
    yield Accepted("Serverless-LambdaDLQ", "Functions/sweep/Resource", again)
    yield Accepted("Serverless-EventBusDLQ", "Sweep/sweep/Resource", again)
    yield Accepted("Serverless-LambdaDLQ", f"{ASKS_FOR_BROKERS}/Resource", DEPLOYMENT)
    yield Accepted("Serverless-LambdaTracing", f"{ASKS_FOR_BROKERS}/Resource", CDKS_OWN)


def _in_the_roles(stack: Stack, stage: Stage) -> Iterator[Accepted]:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    yield Accepted("AwsSolutions-IAM5[Resource::*]", "Functions/*-role/DefaultPolicy/Resource", NO_NAMES)
    api = _logical_id(stack, "Gateway", "Api")
    where = f"{stage.region or '<AWS::Region>'}:{stage.account or '<AWS::AccountId>'}"
    arn = f"arn:<AWS::Partition>:execute-api:{where}:<{api}>/websocket"
    unknown = "Of this API and stage only; the connections' ids are not known in advance."
    for role in ("relay-*", "api"):
        for method in ("POST", "DELETE"):
            rule = f"AwsSolutions-IAM5[Resource::{arn}/{method}/@connections/*]"
            yield Accepted(rule, f"Functions/{role}-role/DefaultPolicy/Resource", unknown)


def _in_the_queues(stage: Stage) -> Iterator[Accepted]:
    last = "It is a dead-letter queue itself; people read it, and no consumer could fail."
    for box in ("Archive", "Mappings") if stage.relay.low_latency else ("Archive",):
        yield Accepted("AwsSolutions-SQS3", f"{box}/Failures/Resource", last)
        yield Accepted("Serverless-SQSRedrivePolicy", f"{box}/Failures/Resource", last)
    patient = "With one, Lambda would give up after ten attempts; without, not before the records expire (mappings.py)."
    rule = "Serverless-LambdaEventSourceMappingDestination"
    if not stage.relay.low_latency:
        yield Accepted(rule, f"Functions/relay-*/Aliaslive/{LIVE_TOPIC}/Resource", patient)
    if stage.archive.mode == "on_demand":
        yield Accepted(rule, f"Functions/archive/Aliaslive/{SAVE_TOPIC}/Resource", patient)


def _in_the_topics(stack: Stack) -> Iterator[Accepted]:
    box = "RoomLog/Topics"
    yield Accepted("AwsSolutions-IAM5[Resource::*]", f"{box}/role/DefaultPolicy/Resource", NO_NAMES)
    versions = f"AwsSolutions-IAM5[Resource::<{_logical_id(stack, 'RoomLog', 'Topics', 'topics')}.Arn>:*]"
    yield Accepted(versions, f"{box}/provider-role/DefaultPolicy/Resource", "Any version of the one function.")
    for function in (f"{box}/topics", INVOKES_TOPICS):
        yield Accepted("Serverless-LambdaDLQ", f"{function}/Resource", DEPLOYMENT)
    for rule in ("LambdaDefaultMemorySize", "LambdaTracing"):
        yield Accepted(f"Serverless-{rule}", f"{INVOKES_TOPICS}/Resource", CDKS_OWN)


def _logical_id(stack: Stack, *path: str) -> str:
    construct: IConstruct = stack
    for part in path:
        construct = construct.node.find_child(part)
    resource = construct.node.default_child
    assert resource is not None
    assert CfnResource.is_cfn_resource(resource)
    logical_id: str = stack.get_logical_id(resource)  # type: ignore[arg-type]
    return logical_id
