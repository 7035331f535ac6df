from typing import Any

import pytest

from local.tools.patient_client import PAUSES, PatientClient


class Throttled(Exception):
    """As botocore's ClientError tells it."""

    def __init__(self, code: str = "ThrottlingException") -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Client:
    """Raises what it is given, one after the other, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def query(self, **request: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return {"asked": request}


def test_it_asks_again_after_pauses_that_grow() -> None:
    slept: list[float] = []
    client = PatientClient(Client(Throttled(), Throttled("InternalServerError")), sleep=slept.append)
    assert client.query(TableName="t") == {"asked": {"TableName": "t"}}
    assert len(slept) == 2
    assert all(0 <= pause <= most for pause, most in zip(slept, PAUSES, strict=False))


def test_in_the_end_it_gives_up() -> None:
    client = PatientClient(Client(*(Throttled() for _ in range(len(PAUSES) + 1))), sleep=lambda _: None)
    with pytest.raises(Throttled):
        client.query()


@pytest.mark.parametrize("error", [Throttled("AccessDeniedException"), ValueError("no AWS error")], ids=str)
def test_what_patience_does_not_help_with_is_raised_at_once(error: Exception) -> None:
    slept: list[float] = []
    with pytest.raises(type(error)):
        PatientClient(Client(error), sleep=slept.append).query()
    assert slept == []
