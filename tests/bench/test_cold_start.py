from bench.cold_start import BOTO3, Sizes, run
from functions.manifest import FUNCTIONS


async def test_every_function_starts_with_its_own_packages_and_is_set_against_boto3() -> None:
    result = await run(Sizes(rounds=1))
    told = result.figures["milliseconds"]
    assert told.keys() == {"an empty handler", BOTO3, *(function.name for function in FUNCTIONS)}
    assert all(one["wall"] > 0 and one["cpu"] > 0 for one in told.values())
    assert told["an empty handler"]["cpu"] < told[BOTO3]["cpu"]
