import asyncio

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.post_budget import PostBudget


async def test_what_is_within_the_burst_waits_for_nothing(redis: RedisCluster) -> None:
    budget = PostBudget(redis, per_second=1000)
    assert await budget.reserve(500) == 0


async def test_what_was_lent_before_has_to_be_waited_for(redis: RedisCluster) -> None:
    budget = PostBudget(redis, per_second=10)
    assert await budget.reserve(budget.lot) == 0
    wait = await budget.reserve(1)
    # One second's worth is lent, half of which is burst; the clock has gone on a little.
    assert 0 < wait <= 0.5
    assert await budget.reserve(1) > wait - 0.5


async def test_relays_share_one_rate(redis: RedisCluster) -> None:
    relays = [PostBudget(redis, per_second=1) for _ in range(4)]
    waits = sorted(await asyncio.gather(*(relay.reserve(1) for relay in relays)))
    assert waits[0] == 0
    assert 2 < waits[-1] <= 3


async def test_the_budget_has_a_time_to_live(redis: RedisCluster) -> None:
    await PostBudget(redis, per_second=10).reserve(5)
    assert await redis.pttl("posts") > 0
