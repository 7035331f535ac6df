"""The table `edge`: CloudFront, domains and access logs."""

from typing import Any

from pydantic import ValidationInfo, field_validator

from infra.stage import types
from infra.stage.part import Part


class Domain(Part):
    """A domain of yours for the CloudFront distribution. The certificate is in us-east-1. `hosted_zone_id` is a zone of
    this account, in which the stack creates the records."""

    name: types.DomainName
    certificate_arn: types.CertificateArn
    hosted_zone_id: types.HostedZoneId | None = None


class RegionalDomain(Part):
    """A domain of yours for one of the APIs themselves, without CloudFront. The certificate is of the stage's Region.
    `hosted_zone_id` is a zone of this account, in which the stack creates the record."""

    name: types.DomainName
    certificate_arn: types.RegionalCertificateArn
    hosted_zone_id: types.HostedZoneId | None = None


class EdgeStage(Part):
    """`distribution`: CloudFront in front of the WebSocket API, which serves `/websocket/{activityId}/{username}` too.
    `web_acl_arn`: a WAF web ACL of yours for it.

    `only`: it serves the HTTP API too, and both APIs refuse what did not come through it. `key`: which key of the
    secret it adds to requests.

    `page`: it serves the room page at `/` and the moderators' console at `/console`, and the HTTP API at `/api/*`.

    `websocket_domain` and `http_domain`: domains of the APIs themselves, where CloudFront does not serve them.

    `access_logs_role`: create the account's role for API Gateway's logs. An account has one for each Region, so set
    false if another stack has created it.
    """

    distribution: bool
    only: bool = False
    key: types.KeyName = "first"
    page: bool = False
    domain: Domain | None = None
    web_acl_arn: types.WebAclArn | None = None
    websocket_domain: RegionalDomain | None = None
    http_domain: RegionalDomain | None = None
    access_logs: bool = True
    access_logs_role: bool = True

    @field_validator("only", "page", "domain", "web_acl_arn")
    @classmethod
    def _need_a_distribution(cls, given: Any, info: ValidationInfo) -> Any:
        if given and info.data.get("distribution") is False:
            raise ValueError("it is for CloudFront's distribution, and there is none: edge.distribution is false")
        return given

    @field_validator("websocket_domain")
    @classmethod
    def _is_instead_of_cloudfront(cls, given: Any, info: ValidationInfo) -> Any:
        if given and info.data.get("distribution"):
            raise ValueError("viewers connect to CloudFront, since edge.distribution is true: use edge.domain")
        return given

    @field_validator("http_domain")
    @classmethod
    def _is_called_itself(cls, given: Any, info: ValidationInfo) -> Any:
        if given and info.data.get("only"):
            raise ValueError("CloudFront serves the HTTP API, since edge.only is true: use edge.domain")
        other = info.data.get("websocket_domain")
        if given and other and given.name == other.name:
            raise ValueError("API Gateway has a WebSocket API and an HTTP API at two domains: name another one")
        return given
