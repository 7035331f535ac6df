from functions.api.errors import _AWAY
from tools.smoke import cause


def test_the_api_says_itself_which_server_is_away() -> None:
    for message, likely in {
        "Redis does not answer, try again": cause.REDIS,
        "Kafka does not answer, try again": cause.KAFKA,
        "the table does not answer, try again": cause.TABLE,
        "the keys of tokens are out of reach": cause.AUTH,
        "connections cannot be reached for want of credentials": cause.IAM,
        "something new": cause.FUNCTION,
    }.items():
        assert cause.of_http(503, {"error": "unavailable", "message": message}) is likely, message


def test_what_api_gateway_answers_in_its_place_is_told_by_its_status() -> None:
    for status, likely in {
        400: cause.ROOMS,
        401: cause.AUTH,
        403: cause.AUTH,
        404: cause.ADDRESS,
        429: cause.THROTTLE,
        500: cause.FUNCTION,
        503: cause.FUNCTION,
    }.items():
        assert cause.of_http(status, {"message": "Service Unavailable"}) is likely, status


def test_every_message_of_the_api_about_a_server_that_is_away_is_known() -> None:
    for message in _AWAY.values():
        assert cause.of_http(503, {"error": "unavailable", "message": message}) is not cause.FUNCTION, message


def test_a_refused_handshake_is_told_by_its_status() -> None:
    for status, origin, likely in (
        (401, False, cause.AUTH),
        (403, True, cause.ORIGIN),
        (403, False, cause.ADDRESS),
        (429, False, cause.THROTTLE),
        (500, False, cause.AUTH),
        (503, False, None),
    ):
        assert cause.of_handshake(status, origin=origin) is likely, (status, origin)
