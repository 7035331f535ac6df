from collections.abc import Callable

import pytest

from functions.runtime.settings import EDGE_HEADER, Settings
from infra.edge import REWRITE
from tests.infra.cloud import Cloud, JsonObject, id_in
from tests.infra.stage.test_stage import CERTIFICATE, WEB_ACL

Varied = Callable[..., Cloud]
DOMAIN = {"name": "rooms.shop.example", "certificate_arn": CERTIFICATE, "hosted_zone_id": "Z0123456789ABC"}


@pytest.fixture
def named(varied: Varied) -> Cloud:
    """`dev` behind CloudFront, with a domain, its zone and a web ACL."""
    return varied(edge={"distribution": True, "domain": DOMAIN, "web_acl_arn": WEB_ACL})


def distribution(cloud: Cloud) -> JsonObject:
    config: JsonObject = cloud.only("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def output(cloud: Cloud, name: str) -> str:
    return str(cloud.filled(cloud.template["Outputs"][name]["Value"]))


def told(cloud: Cloud, function: str) -> Settings:
    return cloud.settings(function)


def test_the_distribution_hands_handshakes_on_to_the_gateway_whole_but_for_the_host(cloud: Cloud) -> None:
    config = distribution(cloud)
    (origin,) = config["Origins"]
    assert origin["DomainName"] == f"<{cloud.api('WEBSOCKET')}>.execute-api.us-east-1.amazonaws.com"
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    behaviour = config["DefaultCacheBehavior"]
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
    # CachingDisabled and AllViewerExceptHostHeader.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert "CacheBehaviors" not in config


def test_the_rewriting_function_sees_each_request_first(cloud: Cloud) -> None:
    function = cloud.only("AWS::CloudFront::Function")
    assert function["FunctionCode"] == REWRITE.read_text()
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    (association,) = distribution(cloud)["DefaultCacheBehavior"]["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"
    assert id_in(association["FunctionARN"]) in cloud.all("AWS::CloudFront::Function")


def test_cloudfront_keeps_no_log_as_it_would_hold_the_tokens_of_the_query(cloud: Cloud, named: Cloud) -> None:
    assert all("Logging" not in distribution(one) for one in (cloud, named))


def test_clients_are_told_of_cloudfront_and_the_relay_of_the_api_itself(cloud: Cloud) -> None:
    (edge,) = cloud.all("AWS::CloudFront::Distribution")
    url = f"wss://<{edge}.DomainName>/websocket"
    assert output(cloud, "WebSocketUrl") == url
    assert {told(cloud, name).websocket_url for name in ("authorize", "api")} == {url}
    posts_to = {told(cloud, name).connections_url for name in ("relay-0", "api")}
    assert posts_to == {f"https://<{cloud.api('WEBSOCKET')}>.execute-api.us-east-1.amazonaws.com/websocket"}


def test_without_a_distribution_clients_come_to_the_api_itself(small_cloud: Cloud) -> None:
    assert not small_cloud.all("AWS::CloudFront::Distribution")
    url = f"wss://<{small_cloud.api('WEBSOCKET')}>.execute-api.us-east-1.amazonaws.com/websocket"
    assert output(small_cloud, "WebSocketUrl") == url
    assert told(small_cloud, "api").websocket_url == url


def test_a_domain_is_what_clients_are_told_and_nothing_waits_for_the_distribution(named: Cloud) -> None:
    config = distribution(named)
    assert config["Aliases"] == ["rooms.shop.example"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert output(named, "WebSocketUrl") == "wss://rooms.shop.example/websocket"
    assert told(named, "api").websocket_url == "wss://rooms.shop.example/websocket"


def test_a_domain_gets_its_records_in_its_zone(named: Cloud) -> None:
    (edge,) = named.all("AWS::CloudFront::Distribution")
    records = named.all("AWS::Route53::RecordSet").values()
    assert sorted(one["Type"] for one in records) == ["A", "AAAA"]
    assert {(one["Name"], one["HostedZoneId"]) for one in records} == {("rooms.shop.example.", "Z0123456789ABC")}
    assert {one["AliasTarget"]["DNSName"] for one in records} == {f"<{edge}.DomainName>"}


def test_a_domain_whose_zone_is_elsewhere_gets_none(varied: Varied) -> None:
    elsewhere = {name: value for name, value in DOMAIN.items() if name != "hosted_zone_id"}
    cloud = varied(edge={"distribution": True, "domain": elsewhere})
    assert not cloud.all("AWS::Route53::RecordSet")
    assert distribution(cloud)["Aliases"] == ["rooms.shop.example"]


def test_a_web_acl_is_the_distributions(named: Cloud, cloud: Cloud) -> None:
    assert distribution(named)["WebACLId"] == WEB_ACL
    assert "WebACLId" not in distribution(cloud)


@pytest.fixture
def only_way(varied: Varied) -> Cloud:
    """`dev` behind CloudFront, which is the only way in."""
    return varied(edge={"distribution": True, "only": True, "key": "2027-01"})


def test_the_only_way_in_adds_a_secret_that_the_template_does_not_have(only_way: Cloud) -> None:
    (secret,) = (id for id in only_way.all("AWS::SecretsManager::Secret") if id.startswith("GatewayEdge"))
    value = f"{{{{resolve:secretsmanager:<{secret}>:SecretString:2027-01}}}}"
    for origin in distribution(only_way)["Origins"]:
        assert origin["OriginCustomHeaders"] == [{"HeaderName": EDGE_HEADER, "HeaderValue": value}]
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert output(only_way, "EdgeSecretArn") == f"<{secret}>"
    for name in ("authorize", "api"):
        assert told(only_way, name).edge_secret == f"<{secret}>"
        assert ("secretsmanager:GetSecretValue", f"<{secret}>") in only_way.statements(name)
    generated = only_way.all("AWS::SecretsManager::Secret")[secret]["GenerateSecretString"]
    assert (generated["GenerateStringKey"], generated["PasswordLength"]) == ("first", 64)


def test_the_only_way_in_serves_the_http_api_whole(only_way: Cloud) -> None:
    config = distribution(only_way)
    (behaviour,) = config["CacheBehaviors"]
    assert behaviour["PathPattern"] == "/api/*"
    assert set(behaviour["AllowedMethods"]) >= {"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"}
    assert behaviour["CachePolicyId"] == config["DefaultCacheBehavior"]["CachePolicyId"]
    assert behaviour["OriginRequestPolicyId"] == config["DefaultCacheBehavior"]["OriginRequestPolicyId"]
    origins = {one["Id"]: one["DomainName"] for one in config["Origins"]}
    assert origins[behaviour["TargetOriginId"]] == f"<{only_way.api('HTTP')}>.execute-api.us-east-1.amazonaws.com"
    (edge,) = only_way.all("AWS::CloudFront::Distribution")
    assert output(only_way, "PlatformApiUrl") == f"https://<{edge}.DomainName>/api"


def test_while_there_are_other_ways_nobody_asks_for_a_secret(cloud: Cloud, small_cloud: Cloud) -> None:
    for one in (cloud, small_cloud):
        assert {told(one, name).edge_secret for name in ("authorize", "api")} == {""}
        assert "EdgeSecretArn" not in one.template["Outputs"]
    (origin,) = distribution(cloud)["Origins"]
    assert "OriginCustomHeaders" not in origin
