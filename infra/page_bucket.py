"""The bucket of the pages, as an origin of CloudFront, which alone may read it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_cloudfront_origins import S3BucketOrigin
from constructs import Construct

from infra.stage.edge import Domain
from pages import site

# The key that CloudFront asks for where the path is `/`.
ROOT = site.key_of("/")
YEAR = Duration.days(365)


class PageBucket(Construct):
    """A private bucket. It holds nothing that a deployment does not put there again, so it has no versions and is
    deleted with its stack; what fills it also empties it (infra/pages.py).

    Access logs stay off, as CloudFront's do.
    """

    def __init__(self, scope: Construct, id: str, *, domain: Domain | None) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._headers = self._make_headers([f"https://{domain.name}", f"wss://{domain.name}"] if domain else [])

    def behaviour(self) -> cloudfront.BehaviorOptions:
        """GET of each file. Without the right to list the bucket, S3 would answer 403 where there is no file; no
        request reaches the list, since CloudFront asks for a file in place of `/`."""
        levels = [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST]
        return cloudfront.BehaviorOptions(
            origin=S3BucketOrigin.with_origin_access_control(self.bucket, origin_access_levels=levels),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            # It obeys the files' Cache-Control, and takes no query, which names a viewer, as part of an address.
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._headers,
        )

    def _make_headers(self, connect: list[str]) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            comment="Live rooms: the pages",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=site.content_security_policy(*connect), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=YEAR, override=True
                ),
            ),
        )
