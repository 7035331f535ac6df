from bench.gateway import run


def test_posts_of_each_size_have_their_cpu() -> None:
    result = run(rounds=1, sizes=(1_000,), posts=500)
    assert result.figures["cpuMicroseconds"]["1000"] > 0
