from bench.review import run


async def test_both_clients_are_measured() -> None:
    result = await run(times=5)
    assert result.figures["reviewMs"].keys() == {"ours", "boto3 in a thread"}
    assert all(0 < one["p50"] <= one["p99"] for one in result.figures["reviewMs"].values())
