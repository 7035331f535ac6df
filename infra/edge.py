"""The edge: CloudFront in front of the WebSocket API. It adds the path form of a room's address, a domain, pages and
the gallery's cache."""

from pathlib import Path

from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_cloudfront_origins import HttpOrigin
from aws_cdk.aws_route53_targets import CloudFrontTarget
from constructs import Construct

from functions.manifest import STAGE
from functions.runtime.settings import EDGE_HEADER
from infra import slot_cache
from infra.domain import add_records
from infra.page_bucket import ROOT, PageBucket
from infra.secret_keys import SecretKeys
from infra.stage.stage import Stage

REWRITE = Path(__file__).with_name("edge_rewrite.js")
# The paths of handshakes, where others are the pages'.
HANDSHAKES = (f"/{STAGE}", f"/{STAGE}/*")


class Edge(Construct):
    """A distribution that rewrites each handshake and forwards it to the API's host, `origin`. Nothing is cached but
    slots of the gallery and files of the pages: with those, `page_bucket` is what other paths than those of the APIs
    lead to.

    Access logs stay off: CloudFront's contain each request's query, which may hold a token.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
    """

    def __init__(self, scope: Construct, id: str, *, origin: str, stage: Stage) -> None:
        super().__init__(scope, id)
        domain = stage.edge.domain
        description = "Live rooms: what the distribution adds to requests"
        # Functions accept each of its keys; the distribution sends the one that the stage names. So a key can be
        # replaced while both are accepted.
        self._keys = SecretKeys(Construct(self, "EdgeKeys"), description=description) if stage.edge.only else None
        self._key = stage.edge.key
        self.secret_arn = self._keys.secret_arn if self._keys else ""
        self.page_bucket = PageBucket(self, "Pages", domain=domain) if stage.edge.page else None
        handshakes = self._behaviour(origin)
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Live rooms",
            default_behavior=self.page_bucket.behaviour() if self.page_bucket else handshakes,
            additional_behaviors=dict.fromkeys(HANDSHAKES, handshakes) if self.page_bucket else None,
            default_root_object=ROOT if self.page_bucket else None,
            error_responses=slot_cache.ERRORS if stage.gallery else None,
            web_acl_id=stage.edge.web_acl_arn,
            domain_names=[domain.name] if domain else None,
            certificate=certificates.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
            if domain
            else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if domain else None,
        )
        if domain and domain.hosted_zone_id:
            target = route53.RecordTarget.from_alias(CloudFrontTarget(distribution))
            add_records(self, domain.name, domain.hosted_zone_id, target, ipv6=True)
        self._distribution = distribution
        self._shield = slot_cache.shield_of(stage.region)
        self._host: str = domain.name if domain else distribution.distribution_domain_name
        self.url = f"wss://{self._host}/{STAGE}"
        self.page_url = f"https://{self._host}"

    def serve_api(self, host: str) -> None:
        """Forward calls of the HTTP API to its `host`, whole and uncached."""
        self._distribution.add_behavior(
            "/api/*",
            self._origin(host),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        )

    def serve_gallery(self, host: str) -> None:
        """Answer readers of the gallery from the cache, which asks the HTTP API at its `host`."""
        origin = self._origin(host, shield=self._shield)
        self._distribution.add_behavior("/gallery/*", origin, **slot_cache.behaviour(self))

    def _origin(self, host: str, *, shield: str | None = None) -> HttpOrigin:
        # CloudFront's own header takes the place of one that a viewer sends.
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
        return HttpOrigin(
            host,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_shield_region=shield,
            custom_headers={EDGE_HEADER: self._keys.key(self._key)} if self._keys else None,
        )

    def _behaviour(self, origin: str) -> cloudfront.BehaviorOptions:
        rewrite = cloudfront.Function(
            self,
            "Rewrite",
            code=cloudfront.FunctionCode.from_file(file_path=str(REWRITE)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment=f"/{STAGE}/(activityId)/(username) as /{STAGE}?activityId=...&username=...",
        )
        return cloudfront.BehaviorOptions(
            origin=self._origin(origin),
            # Clients do not follow a redirect of a handshake.
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # Forward all headers, Origin and subprotocols included, but Host: API Gateway expects its own name there.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[
                cloudfront.FunctionAssociation(function=rewrite, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
            ],
        )
