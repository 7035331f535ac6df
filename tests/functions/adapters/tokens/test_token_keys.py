import json
from typing import Any

import pytest

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.tokens.token_keys import KEEP_SECONDS, PAUSE_SECONDS, Keys, TokenKeys

SECRET: dict[str, Any] = {"current": "k1", "k1": "a" * 32}


class Shelf:
    """A secret that can be changed or taken away, and a clock."""

    def __init__(self) -> None:
        self.text: str | None = json.dumps(SECRET)
        self.readings = 0
        self.now = 1000.0
        self.keys = TokenKeys(self.read, clock=lambda: self.now)

    async def read(self) -> str:
        self.readings += 1
        if self.text is None:
            raise SecretUnavailable("away")
        return self.text


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_keys_are_read_once_in_five_minutes(shelf: Shelf) -> None:
    for _ in range(3):
        assert (await shelf.keys.current()).current == "k1"
        assert "k1" in (await shelf.keys.with_kid("k1")).by_kid
    shelf.now += KEEP_SECONDS - 1
    await shelf.keys.current()
    assert shelf.readings == 1
    shelf.now += 1
    await shelf.keys.current()
    assert shelf.readings == 2


async def test_an_unknown_kid_has_them_read_anew(shelf: Shelf) -> None:
    await shelf.keys.current()
    shelf.text = json.dumps({"current": "k2", "k1": "a" * 32, "k2": "b" * 32})
    shelf.now += PAUSE_SECONDS
    assert "k2" in (await shelf.keys.with_kid("k2")).by_kid


async def test_a_flood_of_unknown_kids_reads_once_in_ten_seconds(shelf: Shelf) -> None:
    await shelf.keys.current()
    shelf.now += PAUSE_SECONDS
    for number in range(100):
        assert "k1" in (await shelf.keys.with_kid(f"forged-{number}")).by_kid
        shelf.now += PAUSE_SECONDS / 100
    assert shelf.readings == 2


@pytest.mark.parametrize("broken", [None, "no json", "{}"])
async def test_the_old_keys_serve_on_when_they_cannot_be_read(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    await shelf.keys.current()
    shelf.text = broken
    shelf.now += KEEP_SECONDS
    for _ in range(5):
        assert (await shelf.keys.current()).current == "k1"
    assert shelf.readings == 2  # and nobody waits for each next try
    assert len(caplog.records) == 1
    assert "a" * 32 not in caplog.text


async def test_without_any_keys_the_error_says_why_and_they_are_found_when_they_come(shelf: Shelf) -> None:
    shelf.text = None
    with pytest.raises(SecretUnavailable, match="away"):
        await shelf.keys.with_kid("k1")
    shelf.text = json.dumps(SECRET)
    assert (await shelf.keys.with_kid("k1")).current == "k1"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "[]",
        '"text"',
        "{}",
        '{"current": "k1"}',
        '{"current": "k1", "k1": 7}',
        '{"current": "k1", "k1": {"k1": "secret-secret-secret-secret-secret"}}',
        '{"current": "k1", "k1": "short-and-secret"}',
        '{"current": "current", "k1": "secret-secret-secret-secret-secret"}',
        '{"current": "k2", "k1": "secret-secret-secret-secret-secret"}',
        '{"current": ["k1"], "k1": "secret-secret-secret-secret-secret"}',
        '{"current": {}, "k1": "secret-secret-secret-secret-secret"}',
    ],
)
def test_a_secret_that_cannot_be_meant_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(SecretUnavailable) as error:
        Keys.parse(secret)
    assert "secret-" not in str(error.value)


def test_keys_do_not_show_themselves() -> None:
    assert "a" * 32 not in repr(Keys.parse(json.dumps(SECRET)))
