import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.servers.moto_server import AtomicItems


@pytest.mark.parametrize(("target", "at_once"), [("DynamoDB_20120810.UpdateItem", 1), ("", 2)])
def test_requests_to_dynamodb_are_answered_one_at_a_time_and_others_side_by_side(target: str, at_once: int) -> None:
    met = threading.Barrier(at_once)
    busy = 0
    most = 0

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        nonlocal busy, most
        busy += 1
        met.wait(timeout=10)
        most = max(most, busy)
        yield b"answered"
        busy -= 1

    atomic = AtomicItems(app)
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda _: b"".join(atomic({"HTTP_X_AMZ_TARGET": target}, print)), range(2))
        assert list(answers) == [b"answered"] * 2
    assert most == at_once
