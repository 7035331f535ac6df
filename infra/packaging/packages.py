"""The code of the functions: one package per set of dependency groups.

`python app.py --package` builds the packages while the stack is synthesised, as assets that `cdk deploy` uploads.
Without `--package` there is a template and nothing else: it shows the stack and cannot be deployed.
"""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import CfnParameter
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.packaging.build import build, name_of

# The key of the app's context that holds the directory to build packages in.
DIRECTORY = "packages"


class Packages(Construct):
    """The packages, each with `functions/` and its dependencies at the root."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        directory: str | None = self.node.try_get_context(DIRECTORY)
        self._directory = Path(directory) if directory else None
        self._none = None if directory else self._refuse()

    def of(self, groups: Sequence[str], *, has_site: bool = False) -> lambda_.Code:
        """The code with what these dependency groups need; with `has_site` the pages too. Raises PackagingError."""
        if self._directory:
            package = build(groups, self._directory, has_site=has_site)
            return lambda_.Code.from_asset(str(package.path), asset_hash=package.hash)
        assert self._none is not None
        return lambda_.Code.from_bucket(self._none, f"{name_of(groups, has_site=has_site)}.zip")

    def _refuse(self) -> s3.IBucket:
        # A parameter without a default is the first thing that CloudFormation asks for, before it makes anything; its
        # name is all that some tools show.
        missing = CfnParameter(
            self,
            "Missing",
            description="This template has no packages and cannot be deployed: `make package` writes one that can",
        )
        missing.override_logical_id("RunMakePackageFirst")
        return s3.Bucket.from_bucket_name(self, "None", missing.value_as_string)
