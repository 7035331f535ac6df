"""Texts of cdk.json that have a shape: names, addresses and what AWS calls things."""

import re
from typing import Annotated

from pydantic import AfterValidator


def like(pattern: str, example: str) -> AfterValidator:
    """A text that `pattern` matches as a whole; to whom it does not, `example` says what is meant."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be like {example!r}, not {text!r}")
        return text

    return AfterValidator(check)


def one_of(*choices: str) -> AfterValidator:
    """A text out of `choices`."""

    def check(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {text!r}")
        return text

    return AfterValidator(check)


# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
_SCHEME = r"(?i)[a-z][a-z0-9+.-]*://"
_HOST = r"(\[[0-9a-f:.]+\]|[^\s/,*?#@:\[\]]+)"
_PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
Origin = Annotated[str, like(rf"{_SCHEME}{_HOST}(:{_PORT})?", "https://shop.example")]
StageName = Annotated[str, like(r"[a-z][a-z0-9-]{0,31}", "prod")]
Email = Annotated[str, like(r"[^@\s]+@[^@\s]+", "ops@shop.example")]
DomainName = Annotated[str, like(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+", "rooms.shop.example")]
ZoneName = Annotated[str, like(r"[a-z]{2}(-[a-z]+)+-\d+(-[a-z]+-\d+)?[a-z]", "eu-central-1a")]
VpcId = Annotated[str, like(r"vpc-[0-9a-f]{8,17}", "vpc-0a1b2c3d")]
SubnetId = Annotated[str, like(r"subnet-[0-9a-f]{8,17}", "subnet-0a1b2c3d")]
RouteTableId = Annotated[str, like(r"rtb-[0-9a-f]{8,17}", "rtb-0a1b2c3d")]
SecurityGroupId = Annotated[str, like(r"sg-[0-9a-f]{8,17}", "sg-0a1b2c3d")]
HostedZoneId = Annotated[str, like(r"Z[A-Z0-9]+", "Z0123456789ABC")]
BrokerType = Annotated[str, like(r"kafka\.[a-z0-9]+\.[a-z0-9]+", "kafka.m7g.large")]
CacheName = Annotated[str, like(r"[a-z][a-z0-9-]{0,39}", "rooms")]
ClusterArn = Annotated[
    str,
    like(
        r"arn:[a-z-]+:kafka:[a-z0-9-]+:\d{12}:cluster/[^/\s]+/[^/\s]+",
        "arn:aws:kafka:eu-central-1:111122223333:cluster/rooms/0a1b-2",
    ),
]
# CloudFront takes certificates and web ACLs of us-east-1 alone.
CertificateArn = Annotated[
    str,
    like(
        r"arn:[a-z-]+:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+",
        "arn:aws:acm:us-east-1:111122223333:certificate/0a1b-2",
    ),
]
WebAclArn = Annotated[
    str,
    like(
        r"arn:[a-z-]+:wafv2:us-east-1:\d{12}:global/webacl/[^/\s]+/[^/\s]+",
        "arn:aws:wafv2:us-east-1:111122223333:global/webacl/rooms/0a1b-2",
    ),
]
# The names of the CDK's RetentionDays, which cannot be asked before the CDK is loaded.
RETENTIONS = (
    *("ONE_DAY", "THREE_DAYS", "FIVE_DAYS", "ONE_WEEK", "TWO_WEEKS", "ONE_MONTH", "TWO_MONTHS", "THREE_MONTHS"),
    *("FOUR_MONTHS", "FIVE_MONTHS", "SIX_MONTHS", "ONE_YEAR", "THIRTEEN_MONTHS", "EIGHTEEN_MONTHS", "TWO_YEARS"),
    *("THREE_YEARS", "FIVE_YEARS", "SIX_YEARS", "SEVEN_YEARS", "EIGHT_YEARS", "NINE_YEARS", "TEN_YEARS", "INFINITE"),
)
LogRetention = Annotated[str, one_of(*RETENTIONS)]
