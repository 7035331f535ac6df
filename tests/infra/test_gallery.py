"""A stage with a gallery, and that every other one is as it was."""

import json
from collections.abc import Callable

import pytest

from functions.manifest import FUNCTIONS
from infra.slot_cache import NEAREST, SHIELDS, shield_of
from local.aws import edge_cache
from tests.infra.cloud import Cloud
from tests.infra.edits import WITH_GALLERY
from tests.infra.stage.test_stage import CERTIFICATE, mistakes
from tests.infra.test_edge import distribution, output

Varied = Callable[..., Cloud]
READ_BY = {row.name for row in FUNCTIONS if "gallery" in row.needs}


@pytest.fixture
def with_gallery(varied: Varied) -> Cloud:
    return varied(**WITH_GALLERY)


def told(cloud: Cloud, name: str) -> dict[str, str]:
    variables: dict[str, str] = cloud.functions()[name]["Environment"]["Variables"]
    return {key: value for key, value in variables.items() if key.startswith("GALLERY")}


def test_without_a_gallery_nothing_of_it_is_in_the_stack(cloud: Cloud, small_cloud: Cloud) -> None:
    for stack in (cloud, small_cloud):
        assert "gallery" not in stack.functions()
        assert all(told(stack, name) == {} for name in stack.functions())
        dashboard = {"AWS::CloudWatch::Dashboard"}
        others = [one for one in stack.template["Resources"].values() if one["Type"] not in dashboard]
        routes = stack.all("AWS::ApiGatewayV2::Route").values()
        assert "GALLERY" not in json.dumps(others).upper().replace("GALLERYKEYS", "")
        assert not [one for one in routes if one["RouteKey"].startswith("ANY /gallery")]


def test_with_one_the_functions_that_need_it_are_told_of_it_and_no_others(with_gallery: Cloud) -> None:
    assert {"api", "gallery"} == READ_BY
    for name in with_gallery.functions():
        if name not in READ_BY:
            assert told(with_gallery, name) == {}, name
            continue
        secret = told(with_gallery, name).pop("GALLERY_SECRET")
        assert "GalleryKeys" in secret
        assert told(with_gallery, name) == {
            "GALLERY_SECRET": secret,
            # 60 % of the POSTs of half a second.
            "GALLERY_FROM": "2400",
            "GALLERY_BEATS_PER_SECOND": "500",
            "GALLERY_SPARE_FROM": "20000",
        }


def test_a_stage_sets_its_numbers(varied: Varied) -> None:
    numbers = {"from_seats": 10, "beats_per_second": 9, "spare_from": 8}
    found = told(varied(**WITH_GALLERY | {"gallery": numbers}), "api")
    names = ("GALLERY_FROM", "GALLERY_BEATS_PER_SECOND", "GALLERY_SPARE_FROM")
    assert [found[name] for name in names] == ["10", "9", "8"]


def test_the_route_of_its_slots_goes_to_its_function(with_gallery: Cloud) -> None:
    (row,) = (row for row in FUNCTIONS if row.name == "gallery")
    routes = with_gallery.all("AWS::ApiGatewayV2::Route").values()
    (route,) = (one for one in routes if one["RouteKey"] == "ANY /gallery/{proxy+}")
    assert with_gallery.handler_behind(route) == row.handler


def test_its_readers_need_a_cache_in_front() -> None:
    (line,) = mistakes(gallery={})
    assert line.strip().startswith("gallery: its readers ask CloudFront's cache, and there is none")


def test_its_readers_call_cloudfront_alone() -> None:
    domain = {"name": "api.example.com", "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-central-1")}
    edge = {"distribution": True, "http_domain": domain}
    (line,) = mistakes(gallery={}, edge=edge)
    assert line.strip().startswith("gallery: its readers call CloudFront, not edge.http_domain")


def test_cloudfront_answers_its_readers_from_a_cache_that_knows_the_path_alone(with_gallery: Cloud) -> None:
    behaviours = {one["PathPattern"]: one for one in distribution(with_gallery)["CacheBehaviors"]}
    assert list(behaviours) == ["/api/*", "/gallery/*"]
    slots = behaviours["/gallery/*"]
    assert (slots["AllowedMethods"], slots["Compress"]) == (["GET", "HEAD"], True)
    assert "OriginRequestPolicyId" not in slots
    # SimpleCORS.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
    assert slots["ResponseHeadersPolicyId"] == "60669652-455b-4ae9-85a4-c4c02393f86c"
    policy = with_gallery.only("AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 60)
    assert policy["ParametersInCacheKeyAndForwardedToOrigin"] == {
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": {"HeaderBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
        "EnableAcceptEncodingGzip": True,
        "EnableAcceptEncodingBrotli": False,
    }
    origins = {one["Id"]: one["DomainName"] for one in distribution(with_gallery)["Origins"]}
    host = f"<{with_gallery.api('HTTP')}>.execute-api.us-east-1.amazonaws.com"
    assert {origins[one["TargetOriginId"]] for one in behaviours.values()} == {host}
    # CachingDisabled.
    assert behaviours["/api/*"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def test_errors_are_kept_for_a_second_as_in_the_emulator(with_gallery: Cloud, cloud: Cloud) -> None:
    kept = {one["ErrorCode"]: one["ErrorCachingMinTTL"] for one in distribution(with_gallery)["CustomErrorResponses"]}
    # CloudFormation does not take these two.
    statuses = (edge_cache.ERRORS | edge_cache.ERRORS_WITH_AGE) - {412, 415}
    assert kept == dict.fromkeys(statuses, edge_cache.ERROR_SECONDS)
    assert "CustomErrorResponses" not in distribution(cloud)


def test_clients_are_told_to_call_cloudfront(with_gallery: Cloud) -> None:
    (edge,) = with_gallery.all("AWS::CloudFront::Distribution")
    assert output(with_gallery, "PlatformApiUrl") == f"https://<{edge}.DomainName>/api"


def test_the_secret_of_the_edge_comes_with_requests_for_slots_too(varied: Varied) -> None:
    cloud = varied(gallery={}, edge={"distribution": True, "only": True, "page": True})
    with_secret = [one for one in distribution(cloud)["Origins"] if one.get("OriginCustomHeaders")]
    assert len(with_secret) == 3
    assert told_of_edge(cloud) != ""


def told_of_edge(cloud: Cloud) -> str:
    variables: dict[str, str] = cloud.functions()["gallery"]["Environment"]["Variables"]
    return variables["EDGE_SECRET"]


def test_origin_shield_is_in_the_stages_region_or_near_it() -> None:
    for region, shield in (("eu-central-1", "eu-central-1"), ("eu-west-3", "eu-west-2"), ("il-central-1", None)):
        assert shield_of(region) == shield
    assert shield_of(None) is None
    assert set(NEAREST.values()) <= SHIELDS


def test_a_stage_whose_region_is_known_has_origin_shield_for_slots_alone(varied: Varied) -> None:
    cloud = varied(**WITH_GALLERY | {"region": "eu-west-3"})
    shields = [one["OriginShield"] for one in distribution(cloud)["Origins"] if "OriginShield" in one]
    assert shields == [{"Enabled": True, "OriginShieldRegion": "eu-west-2"}]
