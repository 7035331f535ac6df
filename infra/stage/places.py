"""Whether what a stage names is in one account and one Region: those of the stage, where it names them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.stage.stage import Stage

# CloudFront takes what is in us-east-1 only, whatever the stage's Region is.
OF_CLOUDFRONT = ("edge.domain.certificate_arn", "edge.web_acl_arn")
# Other accounts may share their keys.
SHARED = "kms"
PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def partition_of(region: str) -> str:
    """The partition of a Region's ARNs.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    return next((name for prefix, name in PARTITIONS.items() if region.startswith(f"{prefix}-")), "aws")


def misplaced(stage: "Stage") -> Iterator[str]:
    """A line for each ARN or zone that is elsewhere."""
    account, region = stage.account, stage.region
    for setting, value in _values(stage.model_dump()):
        if setting.endswith("_arn"):
            _, partition, service, its_region, its_account, _ = value.split(":", 5)
            if service != SHARED:
                if account and its_account != account:
                    yield f"{setting}: it is in the account {its_account}, and the stage in {account}"
                account = account or its_account
            if setting in OF_CLOUDFRONT:
                continue
            if region and its_region != region:
                yield f"{setting}: it is in {its_region}, and the stage in {region}"
            elif partition != partition_of(its_region):
                yield f"{setting}: the ARNs of {its_region} begin with arn:{partition_of(its_region)}"
            region = region or its_region
    for setting, value in _values(stage.model_dump()):
        if "availability_zones[" in setting and region and not value.startswith(region):
            yield f"{setting}: {value} is not in {region}"


def _values(table: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a table with its setting's name."""
    if isinstance(table, Mapping):
        for key, value in table.items():
            yield from _values(value, f"{name}.{key}" if name else str(key))
    elif isinstance(table, list | tuple):
        for number, value in enumerate(table):
            yield from _values(value, f"{name}[{number}]")
    elif isinstance(table, str):
        yield name, table
