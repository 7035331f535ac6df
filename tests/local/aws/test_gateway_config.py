from local.aws.gateway_config import GatewayConfig, RouteTarget


def test_routes_and_authorizer_come_from_the_manifest() -> None:
    config = GatewayConfig(domain_name="127.0.0.1:8000")
    assert config.routes == {
        "$connect": RouteTarget(function="connect"),
        "$default": RouteTarget(function="message", replies=True),
        "$disconnect": RouteTarget(function="disconnect"),
    }
    assert config.authorizer is not None
    assert config.authorizer.function == "authorize"
    assert config.authorizer.identity_sources == ("route.request.querystring.activityId",)


def test_the_authorizer_is_asked_about_the_arn_of_connect() -> None:
    config = GatewayConfig(domain_name="x", api_id="abc", region="eu-west-3", account_id="123456789012")
    assert config.connect_arn == "arn:aws:execute-api:eu-west-3:123456789012:abc/websocket/$connect"
