"""The answer to CloudFormation."""

import json
from typing import Any

import pytest

from functions.adapters.aws.deployment import ATTEMPTS, answer

URL = "https://answers.example/1?signature"
EVENT = {"ResponseURL": URL, "StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}


class Address:
    """Takes an answer after so many failures."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.taken: list[tuple[str, Any]] = []
        self.sizes: list[int] = []
        self.pauses: list[float] = []

    def put(self, url: str, body: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionResetError("reset")
        self.sizes.append(len(body))
        self.taken.append((url, json.loads(body)))


def test_a_success_and_an_error_are_told_with_what_names_the_request() -> None:
    address = Address(0)
    answer(EVENT, physical_id="pages in b", put=address.put)
    answer(EVENT, physical_id="pages in b", error="CallFailed: not you", put=address.put)

    names = {"PhysicalResourceId": "pages in b", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}
    assert address.taken == [
        (URL, {"Status": "SUCCESS", "Reason": "", **names}),
        (URL, {"Status": "FAILED", "Reason": "CallFailed: not you", **names}),
    ]


def test_an_answer_has_room_in_what_cloudformation_takes() -> None:
    address = Address(0)
    answer(EVENT, physical_id="pages in b", error="\N{GRINNING FACE}" * 5000, put=address.put)

    assert address.taken[0][1]["Reason"]
    assert address.sizes[0] < 4096


def test_an_answer_that_is_lost_is_sent_again() -> None:
    address = Address(ATTEMPTS - 1)
    answer(EVENT, physical_id="p", put=address.put, pause=address.pauses.append)

    assert len(address.taken) == 1
    assert address.pauses == [1.0, 2.0, 4.0]


def test_an_address_that_never_answers_is_given_up() -> None:
    address = Address(ATTEMPTS)
    with pytest.raises(OSError, match="reset"):
        answer(EVENT, physical_id="p", put=address.put, pause=address.pauses.append)
