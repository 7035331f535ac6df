import json

import pytest

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.tokens.edge import Edge, edge
from functions.adapters.tokens.token_keys import PAUSE_SECONDS, TokenKeys
from functions.runtime.settings import EDGE_HEADER, Settings

OLD, NEW = "o" * 64, "n" * 64


class Secret:
    """A secret with these keys, and a clock."""

    def __init__(self, **keys: str) -> None:
        self.keys, self.now, self.reads = keys, 0.0, 0
        self.edge = Edge(TokenKeys(self.read, clock=lambda: self.now))

    async def read(self) -> str:
        self.reads += 1
        if not self.keys:
            raise SecretUnavailable("secret edge: away")
        return json.dumps({"current": next(iter(self.keys)), **self.keys})


async def test_without_a_secret_all_may_come() -> None:
    assert await edge(Settings()).lets_in({})


async def test_every_key_is_accepted_and_nothing_else() -> None:
    secret = Secret(first=OLD, second=NEW)
    for sent, accepted in (
        (OLD, True),
        (NEW, True),
        ("", False),
        ("first", False),
        (OLD[1:], False),
        ("\udcff", False),
    ):
        assert await secret.edge.lets_in({EDGE_HEADER: sent}) is accepted, sent
    assert not await secret.edge.lets_in({})


async def test_a_new_key_is_known_soon_and_a_wrong_one_does_not_read_the_secret_each_time() -> None:
    secret = Secret(first=OLD)
    assert await secret.edge.lets_in({EDGE_HEADER: OLD})
    secret.keys["second"] = NEW
    assert not await secret.edge.lets_in({EDGE_HEADER: NEW})
    assert secret.reads == 1
    secret.now += PAUSE_SECONDS
    assert await secret.edge.lets_in({EDGE_HEADER: NEW})
    assert secret.reads == 2


async def test_without_keys_nobody_is_let_in_and_nothing_of_the_secret_is_said() -> None:
    with pytest.raises(SecretUnavailable) as caught:
        await Secret().edge.lets_in({EDGE_HEADER: OLD})
    assert OLD not in str(caught.value)
