"""What the Regions of China lack, by AWS's own pages. A stage there that asks for it is refused.

https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html
https://docs.amazonaws.cn/en_us/aws/latest/userguide/cloudfront.html
https://docs.amazonaws.cn/en_us/aws/latest/userguide/waf.html
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.stage.stage import Stage

PREFIX = "cn-"
REGIONS = ("cn-north-1", "cn-northwest-1")


def is_in_china(region: str | None) -> bool:
    """Whether a Region is one of China's."""
    return region is not None and region.startswith(PREFIX)


def lacking(stage: "Stage") -> Iterator[str]:
    """A line for each setting of a stage in China that cannot work there."""
    if not is_in_china(stage.region):
        return
    where = f"in {stage.region}"
    if stage.region not in REGIONS:
        yield f"region: must be {' or '.join(REGIONS)}, not {stage.region!r}"
    if stage.snap_start:
        yield f"snap_start: Lambda has no SnapStart for Python {where}: set false"
    if stage.relay.low_latency:
        yield f"relay.low_latency: Lambda's mappings have no provisioned mode {where}: set false"
    if stage.archive.mode == "provisioned":
        yield f"archive.mode: Lambda's mappings have no provisioned mode {where}: set 'on_demand'"
    if stage.edge.distribution:
        reason = "serves no name of its own and takes no certificate of ACM"
        yield f"edge.distribution: CloudFront {where} {reason}: set false, and use edge.websocket_domain"
    if stage.network.egress == "ipv6":
        yield f"network.egress: Secrets Manager has no name with IPv6 addresses that is known {where}: set 'nat'"
