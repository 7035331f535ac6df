"""How CloudFront keeps the slots of the gallery: an object is its path alone, for as long as its Cache-Control says.

A slot never changes, so it is kept for a minute. Anything else, above all an error, is kept for a second: long enough
that many readers ask the origin once, and short enough that none is misled for long.
"""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

MOST, ERROR = Duration.seconds(60), Duration.seconds(1)
# All that CloudFront can be told about. They are of the whole distribution, which has no other errors worth keeping.
ERRORS = [
    cloudfront.ErrorResponse(http_status=status, ttl=ERROR)
    for status in (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)
]
# Origin Shield is in these Regions, and for the origin in another one this is the nearest.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-shield.html#choose-origin-shield-region
SHIELDS = {
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1"),
    *("eu-west-1", "eu-west-2", "sa-east-1", "us-east-1", "us-east-2", "us-west-2"),
}
NEAREST = {
    "af-south-1": "eu-west-1",
    "ap-east-1": "ap-southeast-1",
    "ca-central-1": "us-east-1",
    "eu-north-1": "eu-west-2",
    "eu-south-1": "eu-central-1",
    "eu-west-3": "eu-west-2",
    "me-south-1": "ap-south-1",
    "us-west-1": "us-west-2",
}


def shield_of(region: str | None) -> str | None:
    """The Region of Origin Shield for an origin in `region`; None if none is known, or the origin's is not."""
    return region if region in SHIELDS else NEAREST.get(region or "")


def behaviour(scope: Construct) -> dict[str, Any]:
    """What CloudFront does for `/gallery/*`; no header, cookie or query of a reader comes to the origin."""
    policy = cloudfront.CachePolicy(
        scope,
        "Slots",
        comment="Live rooms: slots of the gallery",
        min_ttl=Duration.seconds(0),
        default_ttl=Duration.seconds(0),
        max_ttl=MOST,
        # Each encoding is an object of its own, for which the origin is asked. So there is no Brotli beside gzip.
        enable_accept_encoding_gzip=True,
    )
    return {
        "viewer_protocol_policy": cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        "allowed_methods": cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        "cache_policy": policy,
        "compress": True,
        # An HTTP API with CORS settings drops the function's own header, and without an Origin it sets none.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
        "response_headers_policy": cloudfront.ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS,
    }
