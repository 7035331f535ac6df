from collections.abc import Callable

from functions.api.app import app
from functions.manifest import FUNCTIONS, HttpRoutes
from tests.infra.cloud import Cloud


def test_every_method_on_the_manifests_path_goes_to_its_function(cloud: Cloud) -> None:
    (row,) = (row for row in FUNCTIONS if isinstance(row.trigger, HttpRoutes))
    assert isinstance(row.trigger, HttpRoutes)
    api = cloud.api("HTTP")
    (route,) = (one for one in cloud.all("AWS::ApiGatewayV2::Route").values() if one["ApiId"] == f"<{api}>")
    assert route["RouteKey"] == f"ANY {row.trigger.path}"
    assert cloud.handler_behind(route) == row.handler
    (integration,) = (one for one in cloud.all("AWS::ApiGatewayV2::Integration").values() if one["ApiId"] == f"<{api}>")
    assert integration["PayloadFormatVersion"] == "2.0"


def test_the_one_stage_of_the_api_is_its_root_and_deploys_itself(cloud: Cloud) -> None:
    (stage,) = (
        one for one in cloud.all("AWS::ApiGatewayV2::Stage").values() if one["ApiId"] == f"<{cloud.api('HTTP')}>"
    )
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)


def test_pages_of_the_stages_origins_may_call_with_every_method_there_is(varied: Callable[..., Cloud]) -> None:
    stage = varied(allowed_origins=["https://Shop.example", "http://localhost:3000", "capacitor://localhost"])
    cors = stage.all("AWS::ApiGatewayV2::Api")[stage.api("HTTP")]["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://shop.example", "http://localhost:3000"]
    methods = {method.upper() for path in app.openapi()["paths"].values() for method in path}
    assert set(cors["AllowMethods"]) == methods
    assert set(cors["AllowHeaders"]) == {"authorization", "content-type"}
    # A token is said, not remembered by the browser.
    assert "AllowCredentials" not in cors


def test_without_origins_no_page_of_another_origin_may_call(cloud: Cloud) -> None:
    assert "CorsConfiguration" not in cloud.all("AWS::ApiGatewayV2::Api")[cloud.api("HTTP")]
