import pytest

from bench.emulator import run


@pytest.mark.long
def test_the_rates_through_the_emulator_are_told_and_nothing_is_lost() -> None:
    result = run(viewers=(40,), seconds=2)
    (told,) = result.figures["runs"]
    assert told["viewers"] == 40
    assert told["eventsPerSecond"] > 0
    assert told["postsPerSecond"] > 0
    assert told["load"]["chats"]["lost"] == 0
    assert [target.most for target in result.targets] == [0, 2000]
