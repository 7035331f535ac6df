"""Domains of the APIs themselves."""

from collections.abc import Callable

from tests.infra.cloud import Cloud
from tests.infra.kinds import HTTP_DOMAIN, WEBSOCKET_DOMAIN

Varied = Callable[..., Cloud]


def outputs(cloud: Cloud) -> dict[str, str]:
    return {name: cloud.filled(one["Value"]) for name, one in cloud.template["Outputs"].items()}


def test_each_api_is_served_at_its_domain_under_the_path_that_it_has_anyway(varied: Varied) -> None:
    cloud = varied(edge={"websocket_domain": WEBSOCKET_DOMAIN, "http_domain": HTTP_DOMAIN})
    mappings = {one["ApiId"].strip("<>"): one for one in cloud.all("AWS::ApiGatewayV2::ApiMapping").values()}
    websocket, http = mappings[cloud.api("WEBSOCKET")], mappings[cloud.api("HTTP")]
    assert (websocket["ApiMappingKey"], websocket["Stage"]) == ("websocket", "websocket")
    assert (http.get("ApiMappingKey"), http["Stage"]) == (None, "$default")
    for name in cloud.all("AWS::ApiGatewayV2::DomainName").values():
        (served,) = name["DomainNameConfigurations"]
        assert (served["EndpointType"], served["SecurityPolicy"]) == ("REGIONAL", "TLS_1_2")
    told = outputs(cloud)
    assert told["WebSocketUrl"] == "wss://ws.example.com/websocket"
    assert told["PlatformApiUrl"] == "https://api.example.com/api"
    assert cloud.functions()["api"]["Environment"]["Variables"]["WEBSOCKET_URL"] == told["WebSocketUrl"]
    # Signed requests are for the API's own name.
    assert "execute-api" in cloud.functions()["relay-0"]["Environment"]["Variables"]["CONNECTIONS_URL"]


def test_a_domain_gets_its_record_in_the_zone_that_is_named_and_none_without(varied: Varied) -> None:
    alone = {name: value for name, value in WEBSOCKET_DOMAIN.items() if name != "hosted_zone_id"}
    assert not varied(edge={"websocket_domain": alone}).all("AWS::Route53::RecordSet")
    (record,) = varied(edge={"websocket_domain": WEBSOCKET_DOMAIN}).all("AWS::Route53::RecordSet").values()
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == (
        "ws.example.com.",
        "A",
        WEBSOCKET_DOMAIN["hosted_zone_id"],
    )
