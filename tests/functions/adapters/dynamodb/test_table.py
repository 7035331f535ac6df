import itertools
import time

from functions.adapters.dynamodb import table
from functions.adapters.dynamodb.table import pauses


def test_the_first_attempt_waits_for_nothing_and_no_other_for_longer_than_it_may() -> None:
    waits = list(itertools.islice(pauses(time.monotonic() + 3600), 50))
    assert waits[0] == 0
    assert waits[1] <= table.FIRST_PAUSE_SECONDS
    assert len(set(waits)) > 40  # so that those who were refused together do not come again together
    assert table.LONGEST_PAUSE_SECONDS / 2 < max(waits) <= table.LONGEST_PAUSE_SECONDS


def test_there_is_no_attempt_after_the_deadline() -> None:
    assert list(pauses(time.monotonic() - 1)) == []
