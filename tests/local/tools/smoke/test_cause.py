import pytest

from local.tools.smoke import cause
from local.tools.smoke.cause import Cause


@pytest.mark.parametrize(
    ("message", "likely"),
    [
        ("Redis does not answer, try again", cause.REDIS),
        ("Kafka does not answer, try again", cause.KAFKA),
        ("the table does not answer, try again", cause.TABLE),
        ("the keys of tokens are out of reach", cause.AUTH),
        ("connections cannot be reached for want of credentials", cause.IAM),
        ("something new", cause.FUNCTION),
    ],
)
def test_the_api_says_itself_which_server_is_away(message: str, likely: Cause) -> None:
    assert cause.of_http(503, {"error": "unavailable", "message": message}) is likely


@pytest.mark.parametrize(
    ("status", "likely"),
    [
        (400, cause.ROOMS),
        (401, cause.AUTH),
        (403, cause.AUTH),
        (404, cause.ADDRESS),
        (429, cause.THROTTLE),
        (500, cause.FUNCTION),
        (503, cause.FUNCTION),
    ],
)
def test_what_api_gateway_answers_in_its_place_is_told_by_its_status(status: int, likely: Cause) -> None:
    assert cause.of_http(status, {"message": "Service Unavailable"}) is likely


def test_every_message_of_the_api_about_a_server_that_is_away_is_known() -> None:
    from functions.api.errors import _AWAY

    for message in _AWAY.values():
        assert cause.of_http(503, {"error": "unavailable", "message": message}) is not cause.FUNCTION


@pytest.mark.parametrize(
    ("status", "origin", "likely"),
    [
        (401, False, cause.AUTH),
        (403, True, cause.ORIGIN),
        (403, False, cause.ADDRESS),
        (429, False, cause.THROTTLE),
        (500, False, cause.AUTH),
        (503, False, None),
    ],
)
def test_a_refused_handshake_is_told_by_its_status(status: int, origin: bool, likely: Cause | None) -> None:
    assert cause.of_handshake(status, origin=origin) is likely
