"""The part of a template that moto can deploy: CloudFormation makes it there, as it would on AWS.

moto says nothing of a type that it does not know and makes nothing. Of those some are made through their service's own
API, out of the same properties, which botocore checks the shape of. The others stay out, and whatever refers to one of
them is given a made-up value.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from local.servers.moto import REGION
from tests.infra.cloud import Cloud, JsonObject

STACK = "live-rooms-prod"
ACCOUNT = "123456789012"  # moto's own

BY_CLOUDFORMATION = frozenset(
    {
        "AWS::CloudWatch::Dashboard",
        "AWS::DynamoDB::Table",
        "AWS::EC2::EIP",
        "AWS::EC2::FlowLog",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
    }
)
BY_THEIR_API = frozenset({"AWS::CloudWatch::Alarm", "AWS::Lambda::Alias", "AWS::SecretsManager::Secret"})

# moto's CloudFormation knows none of these. What it has for some of them elsewhere takes other properties.
LEFT_OUT = frozenset(
    {
        "AWS::ApiGateway::Account",
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::Function",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::ElastiCache::User",
        "AWS::ElastiCache::UserGroup",
        # It knows queues and streams as sources, and no Kafka.
        "AWS::Lambda::EventSourceMapping",
        "AWS::MSK::Cluster",
        "AWS::MSK::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        # It would have to run functions, which takes Docker.
        "Custom::AWS",
    }
)


@dataclass(frozen=True)
class Deployed:
    """A stack in moto, which `url` names."""

    url: str
    cloud: Cloud

    def client(self, service: str) -> Any:
        """boto3's client for a service of this moto."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def resources(self) -> Mapping[str, tuple[str, str]]:
        """What CloudFormation made: type and physical id, by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        every = (one for page in pages for one in page["StackResourceSummaries"])
        return {one["LogicalResourceId"]: (one["ResourceType"], one["PhysicalResourceId"]) for one in every}


def deploy(url: str, cloud: Cloud) -> Deployed:
    """Make what moto can make of a template; raises botocore's ClientError for what it refuses."""
    deployed = Deployed(url, cloud)
    _upload_packages(deployed)
    secrets = _make_secrets(deployed)
    template = _part(cloud, secrets)
    deployed.client("cloudformation").create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "RunMakePackageFirst", "ParameterValue": "packages"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    _make_aliases(deployed)
    alarms = deployed.client("cloudwatch")
    for properties in cloud.all("AWS::CloudWatch::Alarm").values():
        alarms.put_metric_alarm(**properties)
    return deployed


def _upload_packages(deployed: Deployed) -> None:
    storage = deployed.client("s3")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("functions/__init__.py", "")
    for function in deployed.cloud.template["Resources"].values():
        if function["Type"] == "AWS::Lambda::Function":
            bucket = _bucket(function["Properties"]["Code"]["S3Bucket"])
            storage.create_bucket(Bucket=bucket)
            storage.put_object(Bucket=bucket, Key=function["Properties"]["Code"]["S3Key"], Body=package.getvalue())


def _bucket(reference: Any) -> str:
    match reference:
        case {"Fn::Sub": str(pattern)}:
            return pattern.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)
    return "packages"


def _make_secrets(deployed: Deployed) -> dict[str, str]:
    """The ARN of each secret, by logical id."""
    client, made = deployed.client("secretsmanager"), {}
    for id, secret in deployed.cloud.all("AWS::SecretsManager::Secret").items():
        asked = secret["GenerateSecretString"]
        password = client.get_random_password(
            PasswordLength=asked["PasswordLength"], ExcludePunctuation=asked["ExcludePunctuation"]
        )
        text = json.loads(asked["SecretStringTemplate"]) | {asked["GenerateStringKey"]: password["RandomPassword"]}
        made[id] = client.create_secret(Name=id, Description=secret["Description"], SecretString=json.dumps(text))[
            "ARN"
        ]
    return made


def _make_aliases(deployed: Deployed) -> None:
    client, made = deployed.client("lambda"), deployed.resources()
    for alias in _of_kind(deployed.cloud, "AWS::Lambda::Alias"):
        _, function = made[alias["FunctionName"]["Ref"]]
        # What a version is called when it is read back from CloudFormation moto does not tell.
        newest = client.list_versions_by_function(FunctionName=function)["Versions"][-1]["Version"]
        client.create_alias(FunctionName=function, Name=alias["Name"], FunctionVersion=newest)


def _of_kind(cloud: Cloud, kind: str) -> Iterator[JsonObject]:
    return (one["Properties"] for one in cloud.template["Resources"].values() if one["Type"] == kind)


def _part(cloud: Cloud, secrets: Mapping[str, str]) -> JsonObject:
    """The template, of BY_CLOUDFORMATION alone."""
    every = cloud.template["Resources"]
    kept = {id for id, one in every.items() if one["Type"] in BY_CLOUDFORMATION}

    def filled(value: Any) -> Any:
        match value:
            case {"Ref": str(id)} | {"Fn::GetAtt": [str(id), _]} if id in every and id not in kept:
                if id in secrets:
                    return secrets[id]
                if every[id]["Type"] == "AWS::Lambda::Alias":
                    # An alias comes after its function, and moto knows none in a template.
                    return {"Fn::GetAtt": [every[id]["Properties"]["FunctionName"]["Ref"], "Arn"]}
                return str(cloud.filled(value)).strip("<>")
            case dict():
                return {key: filled(one) for key, one in value.items()}
            case list():
                return [filled(one) for one in value]
        return value

    resources = {}
    for id in kept:
        waits = every[id].get("DependsOn", [])
        waits = [waits] if isinstance(waits, str) else waits
        resources[id] = filled({**every[id], "DependsOn": []}) | {"DependsOn": [one for one in waits if one in kept]}
    parameters = {name: one for name, one in cloud.template["Parameters"].items() if name != "BootstrapVersion"}
    return {"Parameters": parameters, "Resources": resources}
