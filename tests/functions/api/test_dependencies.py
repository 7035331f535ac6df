import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from functions.api import app


def calls(dependant: Dependant) -> Iterator[object]:
    """A route's function, and all that it depends on."""
    yield dependant.call
    for each in dependant.dependencies:
        yield from calls(each)


def test_no_call_waits_for_a_thread() -> None:
    routes = [route for one in app.app.routes for route in vars(one)["original_router"].routes]
    assert len(routes) > 30
    for route in routes:
        assert isinstance(route, APIRoute)
        for call in calls(route.dependant):
            runs = call if inspect.isfunction(call) else type(call).__call__
            assert inspect.iscoroutinefunction(runs), f"{route.path}: {call}"
