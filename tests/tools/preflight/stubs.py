"""An account that exists in a table. Questions and answers have the shapes that botocore knows of AWS."""

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

# What `service.method` answers: an object, the code of an error, or what a function makes of the question.
Answers = Mapping[str, Any]
REGION, ACCOUNT = "eu-central-1", "111122223333"


class Stubs:
    """Makes boto3's own clients; nothing is sent. `asked` are the questions: service, Region, method.

    Making a client takes longer than asking it, so all stubs share theirs: the newest stub that took one answers.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.asked: list[tuple[str, str, str]] = []

    def __call__(self, service: str, region: str) -> Any:
        _answering[service, region] = self
        return _client(service, region)

    def answer(self, service: str, region: str, method: str) -> Any:
        self.asked.append((service, region, method))
        return self._answers[f"{service}.{method}"]


_answering: dict[tuple[str, str], Stubs] = {}
_session = boto3.session.Session(aws_access_key_id="any", aws_secret_access_key="any")
_making = threading.Lock()


@functools.cache
def _made(service: str, region: str) -> Any:
    client = _session.client(service, region_name=region)
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    questions: dict[str, Any] = {}

    def asked(params: Any, model: Any, **_: Any) -> None:
        questions[model.name] = dict(params)

    def answer(model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        said = _answering[service, region].answer(service, region, methods[model.name])
        return _response(said, questions[model.name], model)

    client.meta.events.register("before-parameter-build", asked)
    client.meta.events.register("before-call", answer)
    return client


def _client(service: str, region: str) -> Any:
    with _making:  # a session is for one thread at a time
        return _made(service, region)


def _response(answer: Any, question: Any, model: Any) -> tuple[AWSResponse, dict[str, Any]]:
    said = answer(question) if isinstance(answer, Callable) else answer  # type: ignore[arg-type]
    if isinstance(said, str):
        error = {"Error": {"Code": said, "Message": f"{said} is said by the stub"}}
        return AWSResponse("", 400, {}, None), {**error, "ResponseMetadata": {}}
    problems = ParamValidator().validate(said, model.output_shape)
    assert not problems.has_errors(), f"{model.name}: {problems.generate_report()}"
    return AWSResponse("", 200, {}, None), {**said, "ResponseMetadata": {"HTTPStatusCode": 200}}


def zone(name: str, state: str = "available") -> dict[str, str]:
    return {"ZoneName": name, "State": state, "ZoneId": f"euc1-az{ord(name[-1]) - 96}", "RegionName": REGION}


def quota(value: float) -> dict[str, Any]:
    return {"Quota": {"Value": value}}


def kafka_answers() -> dict[str, Any]:
    return {
        "kafka.list_clusters_v2": {"ClusterInfoList": []},
        "kafka.list_kafka_versions": {"KafkaVersions": [{"Version": "3.9.x.kraft", "Status": "ACTIVE"}]},
    }


def ready() -> dict[str, Any]:
    """What an account answers that has all that dev and prod need, and nothing deployed."""
    return {
        "sts.get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me"},
        "ec2.describe_regions": {"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]},
        "ssm.get_parameter": {"Parameter": {"Value": "28"}},
        "cloudformation.describe_stacks": "ValidationError",
        "cloudformation.describe_stack_resources": "ValidationError",
        "ec2.describe_availability_zones": {"AvailabilityZones": [zone(f"{REGION}{letter}") for letter in "abc"]},
        "ec2.describe_subnets": {"Subnets": []},
        "ec2.describe_instance_type_offerings": {
            "InstanceTypeOfferings": [{"Location": f"{REGION}{letter}"} for letter in "abc"]
        },
        "ec2.describe_vpc_endpoint_services": {
            "ServiceDetails": [{"AvailabilityZones": [f"{REGION}{letter}" for letter in "abc"]}]
        },
        "service-quotas.get_service_quota": quota(20_000),
        "ec2.describe_vpcs": {"Vpcs": [{"VpcId": "vpc-0"}]},
        "ec2.describe_addresses": {"Addresses": []},
        "lambda.get_account_settings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        },
        "apigateway.get_account": {},
        "elasticache.describe_serverless_caches": "ServerlessCacheNotFoundFault",
        "elasticache.describe_users": "UserNotFound",
        "elasticache.describe_user_groups": "UserGroupNotFound",
        "cloudwatch.get_dashboard": "ResourceNotFound",
        "dynamodb.describe_table": "ResourceNotFoundException",
        **kafka_answers(),
    }
