"""The pages behind CloudFront: who may read them, where they are, what they are told."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.manifest import PAGES
from pages import site
from tests.infra.cloud import Cloud, JsonObject, id_in
from tests.infra.kinds import DOMAIN
from tests.infra.test_edge import distribution, output, told
from tests.infra.test_least_privilege import pairs

Varied = Callable[..., Cloud]
EDGE = {"distribution": True, "page": True}


@pytest.fixture
def paged(varied: Varied) -> Cloud:
    """`dev` with pages, for pages of one shop too."""
    return varied(edge=EDGE, allowed_origins=["https://shop.example"])


@pytest.fixture
def named(varied: Varied) -> Cloud:
    """`dev` with pages at a domain, and no other way in."""
    return varied(edge={**EDGE, "domain": DOMAIN, "only": True})


def origin_of(config: JsonObject, behaviour: JsonObject) -> JsonObject:
    (origin,) = (one for one in config["Origins"] if one["Id"] == behaviour["TargetOriginId"])
    return dict(origin)


def security(cloud: Cloud) -> JsonObject:
    policy = cloud.only("AWS::CloudFront::ResponseHeadersPolicy")
    config: JsonObject = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    return config


def filled(cloud: Cloud) -> JsonObject:
    return cloud.only("Custom::Pages")


def test_a_stage_without_pages_has_no_bucket(cloud: Cloud, small_cloud: Cloud) -> None:
    for one in (cloud, small_cloud):
        assert not one.all("AWS::S3::Bucket")
        assert PAGES.name not in one.functions()
        assert "PageUrl" not in one.template["Outputs"]


def test_the_bucket_is_private_encrypted_and_goes_with_its_stack(paged: Cloud) -> None:
    bucket = paged.only("AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (id,) = paged.all("AWS::S3::Bucket")
    assert paged.template["Resources"][id]["DeletionPolicy"] == "Delete"


def test_cloudfront_alone_reads_it_and_nobody_without_tls(paged: Cloud) -> None:
    (bucket,) = paged.all("AWS::S3::Bucket")
    (edge,) = paged.all("AWS::CloudFront::Distribution")
    denied, *allowed = paged.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {action for action, _ in pairs(allowed)} == {"s3:GetObject", "s3:ListBucket"}
    assert {resource for _, resource in pairs(allowed)} == {f"<{bucket}.Arn>", f"<{bucket}.Arn>/*"}
    for one in allowed:
        assert one["Effect"] == "Allow"
        assert one["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        arn = f"arn:aws:cloudfront::111122223333:distribution/<{edge}>"
        assert one["Condition"] == {"StringEquals": {"AWS:SourceArn": arn}}
    origin = origin_of(distribution(paged), distribution(paged)["DefaultCacheBehavior"])
    access = paged.all("AWS::CloudFront::OriginAccessControl")[id_in(origin["OriginAccessControlId"])]
    config = access["OriginAccessControlConfig"]
    assert (config["OriginAccessControlOriginType"], config["SigningBehavior"]) == ("s3", "always")


def test_handshakes_and_calls_go_to_the_apis_and_all_else_to_the_bucket(paged: Cloud) -> None:
    config = distribution(paged)
    (bucket,) = paged.all("AWS::S3::Bucket")
    at = {one["PathPattern"]: one for one in config["CacheBehaviors"]}
    assert at.keys() == {"/websocket", "/websocket/*", "/api/*"}
    for path, api in (("/websocket", "WEBSOCKET"), ("/websocket/*", "WEBSOCKET"), ("/api/*", "HTTP")):
        host = f"<{paged.api(api)}>.execute-api.us-east-1.amazonaws.com"
        assert origin_of(config, at[path])["DomainName"] == host
        assert at[path]["ViewerProtocolPolicy"] == "https-only"
        assert at[path]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
        assert ("FunctionAssociations" in at[path]) == (api == "WEBSOCKET")
    default = config["DefaultCacheBehavior"]
    assert origin_of(config, default)["DomainName"] == f"<{bucket}.RegionalDomainName>"
    assert default["ViewerProtocolPolicy"] == "redirect-to-https"
    assert default["AllowedMethods"] == ["GET", "HEAD"]
    # CachingOptimized: what the files say of themselves, and no query.
    assert default["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert "FunctionAssociations" not in default
    assert config["DefaultRootObject"] == site.key_of("/")


def test_the_pages_have_the_emulators_policy_and_are_asked_for_with_tls_alone(paged: Cloud, named: Cloud) -> None:
    headers = security(paged)
    policy = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy == site.content_security_policy()
    assert headers["ContentTypeOptions"] == {"Override": True}
    assert headers["ReferrerPolicy"] == {"Override": True, "ReferrerPolicy": site.REFERRER_POLICY}
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 365 * 24 * 3600
    (id,) = paged.all("AWS::CloudFront::ResponseHeadersPolicy")
    assert distribution(paged)["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] == f"<{id}>"
    at_domain = security(named)["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert "connect-src 'self' https://rooms.example.com wss://rooms.example.com;" in at_domain
    assert at_domain.replace(" https://rooms.example.com wss://rooms.example.com", "") == policy


def test_the_pages_are_told_the_addresses_of_their_stage(paged: Cloud, named: Cloud) -> None:
    (edge,) = paged.all("AWS::CloudFront::Distribution")
    for cloud, host in ((paged, f"<{edge}.DomainName>"), (named, "rooms.example.com")):
        addresses = filled(cloud)["Addresses"]
        assert addresses == {"websocket": f"wss://{host}/websocket", "api": f"https://{host}"}
        assert addresses["websocket"] == output(cloud, "WebSocketUrl")
        assert output(cloud, "PageUrl") == f"https://{host}/"


def test_another_content_of_the_files_is_another_property(paged: Cloud) -> None:
    assert filled(paged)["Files"] == site.fingerprint()


def test_the_function_that_fills_the_bucket_is_invoked_when_it_may(paged: Cloud) -> None:
    function = paged.functions()[PAGES.name]
    (id,) = paged.all("Custom::Pages")
    assert {id_in(function["Role"])} < set(paged.depends_on(id))
    assert "VpcConfig" not in function
    # CloudFormation waits longer than the function runs.
    assert int(filled(paged)["ServiceTimeout"]) > function["Timeout"] == PAGES.timeout_seconds


def test_the_page_itself_may_always_connect(paged: Cloud, varied: Varied) -> None:
    (edge,) = paged.all("AWS::CloudFront::Distribution")
    assert told(paged, "authorize").allowed_origins == f"https://shop.example,https://<{edge}.DomainName>"
    assert told(varied(edge=EDGE), "authorize").allowed_origins == ""


def test_the_platform_calls_the_api_itself_unless_cloudfront_is_the_only_way_in(paged: Cloud, named: Cloud) -> None:
    assert output(paged, "PlatformApiUrl") == f"<{paged.api('HTTP')}.ApiEndpoint>/api"
    assert output(named, "PlatformApiUrl") == "https://rooms.example.com/api"


def test_the_secret_of_the_edge_is_for_the_apis_and_not_for_the_bucket(named: Cloud) -> None:
    origins: list[Any] = distribution(named)["Origins"]
    assert [("OriginCustomHeaders" in one) for one in origins if "S3OriginConfig" in one] == [False]
    assert all("OriginCustomHeaders" in one for one in origins if "CustomOriginConfig" in one)
