import pytest

from bench.memory import run


@pytest.mark.long
async def test_a_seats_memory_is_told_for_each_size_of_room() -> None:
    result = await run(seats=(50, 200))
    told = result.figures["bytesPerSeat"]
    assert [one["seats"] for one in told] == [50, 200]
    # A seat's own text is stored twice until it is welcomed, and takes more than its ids are long.
    assert all(30 < one["keys"] < one["keysUnwelcomed"] for one in told)
    # A key of more than thirty characters and what it holds.
    assert all(30 < one["answer"] < 300 for one in told)
