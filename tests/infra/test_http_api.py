from collections.abc import Callable

from functions.api.app import app
from functions.manifest import FUNCTIONS
from functions.triggers import HttpRoutes
from tests.infra.cloud import Cloud, JsonObject
from tests.infra.stage.test_stage import STAGES

ROW, GALLERY = (row for row in FUNCTIONS if isinstance(row.trigger, HttpRoutes))
assert isinstance(ROW.trigger, HttpRoutes)
TRIGGER: HttpRoutes = ROW.trigger


def routes(cloud: Cloud) -> dict[str, str]:
    """The logical ids of the API's routes, by key."""
    found = cloud.all("AWS::ApiGatewayV2::Route").items()
    return {one["RouteKey"]: id for id, one in found if one["ApiId"] == f"<{cloud.api('HTTP')}>"}


def stage_of(cloud: Cloud) -> tuple[str, JsonObject]:
    """The logical id and the properties of the API's stage."""
    found = cloud.all("AWS::ApiGatewayV2::Stage").items()
    ((id, stage),) = ((id, one) for id, one in found if one["ApiId"] == f"<{cloud.api('HTTP')}>")
    return id, stage


def test_every_method_on_the_manifests_path_goes_to_its_function(cloud: Cloud) -> None:
    api, made = cloud.api("HTTP"), cloud.all("AWS::ApiGatewayV2::Route")
    keys = {f"ANY {TRIGGER.path}", *TRIGGER.moderation, *TRIGGER.viewers}
    assert {key: cloud.handler_behind(made[id]) for key, id in routes(cloud).items()} == dict.fromkeys(
        keys, ROW.handler
    )
    (integration,) = (one for one in cloud.all("AWS::ApiGatewayV2::Integration").values() if one["ApiId"] == f"<{api}>")
    assert integration["PayloadFormatVersion"] == "2.0"


def test_whatever_moderators_change_is_throttled_apart(cloud: Cloud) -> None:
    changing = {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if method != "get"
        and operation["tags"] not in (["tokens"], ["gallery"])
        # The platform's own calls, and one that changes nothing.
        and not path.endswith(("/notices", "/properties", "/users/records", "/words/try"))
    }
    assert {key.replace("+}", "}") for key in TRIGGER.moderation} == changing
    id, stage = stage_of(cloud)
    throttle = STAGES["prod"]["throttles"]["moderation"]
    limits = {"ThrottlingRateLimit": throttle["per_second"], "ThrottlingBurstLimit": throttle["burst"]}
    assert {key: stage["RouteSettings"][key] for key in TRIGGER.moderation} == dict.fromkeys(TRIGGER.moderation, limits)
    # AWS refuses settings of a route that is not there yet.
    assert {routes(cloud)[key] for key in stage["RouteSettings"]} <= set(cloud.depends_on(id))


def test_viewers_who_are_not_let_in_have_a_throttle_of_their_own_and_spend_nobodys(cloud: Cloud) -> None:
    _, stage = stage_of(cloud)
    throttle = STAGES["prod"]["throttles"]["http"]
    limits = {"ThrottlingRateLimit": throttle["per_second"], "ThrottlingBurstLimit": throttle["burst"]}
    gallery = {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if operation["tags"] == ["gallery"]
    }
    assert set(TRIGGER.viewers) == {"GET /api/activities/{activityId}/admission", *gallery}
    assert stage["RouteSettings"] == stage["RouteSettings"] | dict.fromkeys(TRIGGER.viewers, limits)
    assert stage["RouteSettings"].keys() == {*TRIGGER.moderation, *TRIGGER.viewers}


def test_the_one_stage_of_the_api_is_its_root_and_deploys_itself(cloud: Cloud) -> None:
    _, stage = stage_of(cloud)
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)


def test_pages_of_the_stages_origins_may_call_with_every_method_there_is(varied: Callable[..., Cloud]) -> None:
    stage = varied(allowed_origins=["https://Shop.example", "http://localhost:3000", "capacitor://localhost"])
    cors = stage.all("AWS::ApiGatewayV2::Api")[stage.api("HTTP")]["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://shop.example", "http://localhost:3000"]
    methods = {method.upper() for path in app.openapi()["paths"].values() for method in path}
    assert set(cors["AllowMethods"]) == methods
    assert set(cors["AllowHeaders"]) == {"authorization", "content-type", "idempotency-key"}
    # A token is said, not remembered by the browser.
    assert "AllowCredentials" not in cors


def test_without_origins_no_page_of_another_origin_may_call(cloud: Cloud) -> None:
    assert "CorsConfiguration" not in cloud.all("AWS::ApiGatewayV2::Api")[cloud.api("HTTP")]
