"""The edge: CloudFront in front of the WebSocket API, for the path form of a room's address and a domain."""

from pathlib import Path

from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_cloudfront_origins import HttpOrigin
from aws_cdk.aws_route53_targets import CloudFrontTarget
from constructs import Construct

from functions.manifest import STAGE
from infra.stage import Domain, Stage

REWRITE = Path(__file__).with_name("edge_rewrite.js")


class Edge(Construct):
    """A distribution that hands each handshake on to the API named `origin`, rewritten. Nothing is cached.

    It has no access logs: CloudFront's hold the query of each request, and with it tokens.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
    """

    def __init__(self, scope: Construct, id: str, *, origin: str, stage: Stage) -> None:
        super().__init__(scope, id)
        domain = stage.edge.domain
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Live rooms",
            default_behavior=self._behaviour(origin),
            web_acl_id=stage.edge.web_acl_arn,
            domain_names=[domain.name] if domain else None,
            certificate=certificates.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
            if domain
            else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if domain else None,
        )
        if domain and domain.hosted_zone_id:
            self._name(distribution, domain, domain.hosted_zone_id)
        host = domain.name if domain else distribution.distribution_domain_name
        self.url = f"wss://{host}/{STAGE}"

    def _behaviour(self, origin: str) -> cloudfront.BehaviorOptions:
        rewrite = cloudfront.Function(
            self,
            "Rewrite",
            code=cloudfront.FunctionCode.from_file(file_path=str(REWRITE)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment=f"/{STAGE}/(activityId)/(username) as /{STAGE}?activityId=...&username=...",
        )
        return cloudfront.BehaviorOptions(
            origin=HttpOrigin(origin, protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY),
            # A redirect is no answer to a handshake.
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # All that a handshake says, Origin and subprotocols included; API Gateway knows itself by its own name.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[
                cloudfront.FunctionAssociation(function=rewrite, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
            ],
        )

    def _name(self, distribution: cloudfront.IDistribution, domain: Domain, zone_id: str) -> None:
        # A record's name may be the zone's own or one below it; either way it is given whole, with its last dot.
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=zone_id, zone_name=domain.name
        )
        target = route53.RecordTarget.from_alias(CloudFrontTarget(distribution))
        route53.ARecord(self, "Ipv4", zone=zone, record_name=f"{domain.name}.", target=target)
        route53.AaaaRecord(self, "Ipv6", zone=zone, record_name=f"{domain.name}.", target=target)
