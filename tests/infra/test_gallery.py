"""A stage with a gallery, and that every other one is as it was."""

import json
from collections.abc import Callable

import pytest

from functions.manifest import FUNCTIONS
from tests.infra.cloud import Cloud
from tests.infra.edits import WITH_GALLERY
from tests.infra.stage.test_stage import mistakes

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
