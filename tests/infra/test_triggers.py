import pytest

from functions.manifest import FUNCTIONS, STAGE
from functions.triggers import Authorizer, Route
from tests.infra.cloud import Cloud, JsonObject


@pytest.fixture
def routes(cloud: Cloud) -> dict[str, JsonObject]:
    """The routes of the WebSocket API by key, each with its logical id as `id`."""
    api = cloud.api("WEBSOCKET")
    found = cloud.all("AWS::ApiGatewayV2::Route").items()
    return {one["RouteKey"]: {**one, "id": id} for id, one in found if one["ApiId"] == f"<{api}>"}


def test_every_route_of_the_manifest_invokes_its_function(cloud: Cloud, routes: dict[str, JsonObject]) -> None:
    invoked = {key: cloud.handler_behind(route) for key, route in routes.items()}
    rows = {row.trigger.key: row.handler for row in FUNCTIONS if isinstance(row.trigger, Route)}
    assert invoked == rows


def test_default_is_two_way_and_the_others_are_not(cloud: Cloud, routes: dict[str, JsonObject]) -> None:
    two_way = {key for key, route in routes.items() if route.get("RouteResponseSelectionExpression") == "$default"}
    assert two_way == {"$default"}
    response = cloud.only("AWS::ApiGatewayV2::RouteResponse")
    assert response["RouteId"] == f"<{routes['$default']['id']}>"
    assert response["RouteResponseKey"] == "$default"


def test_connect_alone_asks_the_authorizer(cloud: Cloud, routes: dict[str, JsonObject]) -> None:
    kinds = {key: route["AuthorizationType"] for key, route in routes.items()}
    assert kinds == {"$connect": "CUSTOM", "$default": "NONE", "$disconnect": "NONE"}
    (row,) = (row for row in FUNCTIONS if isinstance(row.trigger, Authorizer))
    assert isinstance(row.trigger, Authorizer)
    authorizer = cloud.only("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["IdentitySource"] == list(row.trigger.identity_sources)
    assert cloud.handler(authorizer["AuthorizerUri"]) == row.handler
    # A WebSocket API keeps no answer of an authorizer: every connection's token is looked at.
    assert "AuthorizerResultTtlInSeconds" not in authorizer


def test_no_stage_logs_requests_whose_address_or_subprotocol_holds_a_token(cloud: Cloud) -> None:
    # Execution logs and data traces write whole requests; of access logs see test_access_logs.py.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
    for stage in cloud.all("AWS::ApiGatewayV2::Stage").values():
        for settings in (stage.get("DefaultRouteSettings", {}), *stage.get("RouteSettings", {}).values()):
            assert settings.keys().isdisjoint({"LoggingLevel", "DataTraceEnabled"})


def test_no_function_outlasts_the_gateways_patience() -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
    asked = [row for row in FUNCTIONS if isinstance(row.trigger, Route | Authorizer)]
    assert max(row.timeout_seconds for row in asked) < 29


def test_the_stage_is_the_path_of_the_url_and_deploys_itself(cloud: Cloud) -> None:
    (stage,) = (one for one in cloud.all("AWS::ApiGatewayV2::Stage").values() if one["StageName"] != "$default")
    assert (stage["StageName"], stage["AutoDeploy"]) == (STAGE, True)
    assert cloud.filled(cloud.template["Outputs"]["WebSocketUrl"]["Value"]).startswith("wss://")
    assert cloud.filled(cloud.template["Outputs"]["WebSocketUrl"]["Value"]).endswith(f"/{STAGE}")
