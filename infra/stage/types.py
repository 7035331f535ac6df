"""The types of single settings in cdk.json: numbers with a limit, and strings with a fixed form."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field


def matches(pattern: str, example: str) -> AfterValidator:
    """A string that `pattern` matches as a whole. The error text shows `example`."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be like {example!r}, not {text!r}")
        return text

    return AfterValidator(check)


def one_of(*choices: str) -> AfterValidator:
    """A string out of `choices`."""

    def check(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {text!r}")
        return text

    return AfterValidator(check)


Count = Annotated[int, Field(ge=1)]
PerSecond = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
_SCHEME = r"(?i)[a-z][a-z0-9+.-]*://"
_HOST = r"(\[[0-9a-f:.]+\]|[^\s/,*?#@:\[\]]+)"
_PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
Origin = Annotated[str, matches(rf"{_SCHEME}{_HOST}(:{_PORT})?", "https://shop.example")]
HttpsUrl = Annotated[
    str, matches(r"https://[^\s/?#@]{1,255}(/[^\s#]{0,255})?", "https://login.shop.example/.well-known/jwks.json")
]
# https://openid.net/specs/openid-connect-core-1_0.html#IssuerIdentifier
Issuer = Annotated[str, matches(r"https://[^\s/?#@]{1,255}(/[^\s?#]{0,255})?", "https://login.shop.example/")]
Audience = Annotated[str, matches(r"\S(.{0,254}\S)?", "live-rooms")]
# They are listed in one variable, with commas between.
ClaimName = Annotated[str, matches(r"[^\s,]{1,255}", "cognito:groups")]
KeyName = Annotated[str, matches(r"(?!current$)[A-Za-z0-9._-]{1,64}", "2027-01")]
AccountId = Annotated[str, matches(r"\d{12}", "111122223333")]
RegionName = Annotated[str, matches(r"[a-z]{2}(-[a-z]+)+-\d", "eu-central-1")]
TableName = Annotated[str, matches(r"[a-zA-Z0-9_.-]{3,255}", "rooms-archive")]
TagName = Annotated[str, matches(r"(?!aws:)[\w .:/=+@-]{1,128}", "team")]
TagValue = Annotated[str, matches(r"[\w .:/=+@-]{0,256}", "live")]
StageName = Annotated[str, matches(r"[a-z][a-z0-9-]{0,31}", "prod")]
Email = Annotated[str, matches(r"[^@\s]+@[^@\s]+", "ops@shop.example")]
DomainName = Annotated[str, matches(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+", "rooms.shop.example")]
ZoneName = Annotated[str, matches(r"[a-z]{2}(-[a-z]+)+-\d+(-[a-z]+-\d+)?[a-z]", "eu-central-1a")]
Zones = Annotated[tuple[ZoneName, ...], Field(min_length=2, max_length=3, strict=False)]
VpcId = Annotated[str, matches(r"vpc-[0-9a-f]{8,17}", "vpc-0a1b2c3d")]
SubnetId = Annotated[str, matches(r"subnet-[0-9a-f]{8,17}", "subnet-0a1b2c3d")]
RouteTableId = Annotated[str, matches(r"rtb-[0-9a-f]{8,17}", "rtb-0a1b2c3d")]
SecurityGroupId = Annotated[str, matches(r"sg-[0-9a-f]{8,17}", "sg-0a1b2c3d")]
HostedZoneId = Annotated[str, matches(r"Z[A-Z0-9]+", "Z0123456789ABC")]
BrokerType = Annotated[str, matches(r"kafka\.[a-z0-9]+\.[a-z0-9]+", "kafka.m7g.large")]
CacheName = Annotated[str, matches(r"[a-z][a-z0-9-]{0,39}", "rooms")]
ClusterArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:kafka:[a-z0-9-]+:\d{12}:cluster/[^/\s]+/[^/\s]+",
        "arn:aws:kafka:eu-central-1:111122223333:cluster/rooms/0a1b-2",
    ),
]
FunctionArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?",
        "arn:aws:lambda:eu-central-1:111122223333:function:review:live",
    ),
]
KeyArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[0-9a-zA-Z-]+",
        "arn:aws:kms:eu-central-1:111122223333:key/0a1b-2",
    ),
]
SecretArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[a-zA-Z0-9]{6}",
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rooms-0a1B2c",
    ),
]
# API Gateway takes certificates of its own Region.
RegionalCertificateArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+",
        "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b-2",
    ),
]
# CloudFront takes certificates and web ACLs of us-east-1 only.
CertificateArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+",
        "arn:aws:acm:us-east-1:111122223333:certificate/0a1b-2",
    ),
]
WebAclArn = Annotated[
    str,
    matches(
        r"arn:[a-z-]+:wafv2:us-east-1:\d{12}:global/webacl/[^/\s]+/[^/\s]+",
        "arn:aws:wafv2:us-east-1:111122223333:global/webacl/rooms/0a1b-2",
    ),
]
# The names of the CDK's RetentionDays, and the days of each, None for ever. They are repeated here because a stage is
# checked before the CDK is loaded.
RETENTIONS: Mapping[str, int | None] = {
    "ONE_DAY": 1,
    "THREE_DAYS": 3,
    "FIVE_DAYS": 5,
    "ONE_WEEK": 7,
    "TWO_WEEKS": 14,
    "ONE_MONTH": 30,
    "TWO_MONTHS": 60,
    "THREE_MONTHS": 90,
    "FOUR_MONTHS": 120,
    "FIVE_MONTHS": 150,
    "SIX_MONTHS": 180,
    "ONE_YEAR": 365,
    "THIRTEEN_MONTHS": 400,
    "EIGHTEEN_MONTHS": 545,
    "TWO_YEARS": 731,
    "THREE_YEARS": 1096,
    "FIVE_YEARS": 1827,
    "SIX_YEARS": 2192,
    "SEVEN_YEARS": 2557,
    "EIGHT_YEARS": 2922,
    "NINE_YEARS": 3288,
    "TEN_YEARS": 3653,
    "INFINITE": None,
}
LogRetention = Annotated[str, one_of(*RETENTIONS)]
