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
