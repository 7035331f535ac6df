"""A domain of yours for one of the APIs, without CloudFront."""

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_route53 as route53
from aws_cdk.aws_route53_targets import ApiGatewayv2DomainProperties
from constructs import Construct, IDependable

from infra.fingerprint import fingerprint
from infra.stage.edge import RegionalDomain


def add_domain(
    scope: Construct,
    domain: RegionalDomain,
    *,
    api: apigateway.IApi,
    api_stage: IDependable,
    path: str,
    stage_name: str,
) -> None:
    """Serve a stage of an API at the domain, under `path` ("" for all of it).

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-regional-api-custom-domain-create.html
    """
    # A name that moves from one API to the other is the same resource.
    own = Construct(Stack.of(scope), f"Domain{fingerprint(domain.name)}")
    made = apigateway.DomainName(
        own,
        "Name",
        domain_name=domain.name,
        certificate=certificates.Certificate.from_certificate_arn(own, "Certificate", domain.certificate_arn),
        security_policy=apigateway.SecurityPolicy.TLS_1_2,
    )
    mapping = apigateway.CfnApiMapping(
        own, "Mapping", api_id=api.api_id, domain_name=made.name, stage=stage_name, api_mapping_key=path or None
    )
    mapping.node.add_dependency(api_stage)
    if domain.hosted_zone_id:
        target = ApiGatewayv2DomainProperties(made.regional_domain_name, made.regional_hosted_zone_id)
        add_records(scope, domain.name, domain.hosted_zone_id, route53.RecordTarget.from_alias(target), ipv6=False)


def add_records(scope: Construct, name: str, zone_id: str, target: route53.RecordTarget, *, ipv6: bool) -> None:
    """The records of a domain's name in a zone of this account. A name that moves to another box has the same ones."""
    own = Construct(Stack.of(scope), f"Records{fingerprint(name, zone_id)}")
    # The zone's own name is not known here. The CDK leaves a record name that ends with a dot as it is.
    zone = route53.HostedZone.from_hosted_zone_attributes(own, "Zone", hosted_zone_id=zone_id, zone_name=name)
    route53.ARecord(own, "Ipv4", zone=zone, record_name=f"{name}.", target=target)
    if ipv6:
        route53.AaaaRecord(own, "Ipv6", zone=zone, record_name=f"{name}.", target=target)
