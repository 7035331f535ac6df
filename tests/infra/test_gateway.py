import pytest

from tests.infra.cloud import Cloud
from tests.infra.stage.test_stage import STAGES


@pytest.mark.parametrize(("api", "stage_name"), [("websocket", "websocket"), ("http", "$default")])
def test_each_api_lets_in_as_much_as_the_stage_says(cloud: Cloud, api: str, stage_name: str) -> None:
    (stage,) = (one for one in cloud.all("AWS::ApiGatewayV2::Stage").values() if one["StageName"] == stage_name)
    throttle = STAGES["prod"]["throttles"][api]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == throttle["per_second"]
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == throttle["burst"]
