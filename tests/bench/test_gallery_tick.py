from bench.gallery_tick import TickCost, tick_costs


async def test_a_tick_is_told_of_with_readers_and_without() -> None:
    costs = await tick_costs(rounds=1, seats=(3,), ticks=2)
    assert costs.keys() == {3}
    assert costs[3].plain > 0
    assert costs[3].read > 0


def test_the_gallery_costs_a_tick_so_many_times_as_much() -> None:
    assert TickCost(plain=2.0, read=2.1).times == 1.05
