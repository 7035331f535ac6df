"""What the functions are packaged as: one zip per set of dependency groups, in a bucket named at deployment.

Synthesis builds no package, so the template takes the place of the zips as parameters. It cannot be deployed
by accident with code that lacks its dependencies: CloudFormation asks for the bucket and the version first.
"""

from aws_cdk import CfnParameter
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from functions.manifest import Function


class Packages(Construct):
    """The zips, `{version}/{groups}.zip`, each with `functions/` and its dependencies at the root."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        bucket = CfnParameter(self, "Bucket", description="The S3 bucket that holds the functions' zips")
        bucket.override_logical_id("PackagesBucket")
        version = CfnParameter(
            self,
            "Version",
            description="The folder of the zips in it, a new one with every build: Lambda looks at the key",
        )
        version.override_logical_id("PackagesVersion")
        self._bucket = s3.Bucket.from_bucket_name(self, "Zips", bucket.value_as_string)
        self._version = version.value_as_string

    def of(self, row: Function) -> lambda_.Code:
        """The code of a row of the manifest; rows with the same dependency groups share a zip."""
        name = "-".join(row.packages) or "plain"
        return lambda_.Code.from_bucket(self._bucket, f"{self._version}/{name}.zip")
