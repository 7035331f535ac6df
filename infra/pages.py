"""The pages of a stage: what fills their bucket when the stack is deployed."""

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from functions.manifest import PAGES
from infra.function import make_function
from infra.gateway import Gateway
from infra.packaging.packages import Packages
from infra.stage.stage import Stage
from pages import site

# CloudFormation gives up after this, if the function was killed. By default it waits for an hour.
ANSWER_SECONDS = PAGES.timeout_seconds + 60


class Pages(Construct):
    """Nothing in a stage without `edge.page`. The function's package has the files. It writes them with the addresses
    of this stage; when the pages are no longer wanted it empties the bucket, which could not be deleted otherwise."""

    def __init__(self, scope: Construct, id: str, *, gateway: Gateway, packages: Packages, stage: Stage) -> None:
        super().__init__(scope, id)
        bucket = gateway.page_bucket
        if bucket is None:
            return
        function = make_function(self, PAGES.name, PAGES, packages=packages, network=None, stage=stage)
        _let_fill(function, bucket)
        filled = CustomResource(
            self,
            "Filled",
            service_token=function.function_arn,
            resource_type="Custom::Pages",
            properties={
                "Bucket": bucket.bucket_name,
                "Addresses": {"websocket": gateway.url, "api": gateway.page_url},
                # The resource changes with the files: else CloudFormation would not invoke the function.
                "Files": site.fingerprint(),
            },
            service_timeout=Duration.seconds(ANSWER_SECONDS),
        )
        assert function.role is not None
        filled.node.add_dependency(function.role)


def _let_fill(function: lambda_.Function, bucket: s3.IBucket) -> None:
    """The function may write and delete files of this bucket, and list them."""
    for actions, resource in (
        (["s3:DeleteObject", "s3:PutObject"], bucket.arn_for_objects("*")),
        (["s3:ListBucket"], bucket.bucket_arn),
    ):
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
