import shutil

import pytest

from bench.posts import run

CLIENTS = {"ours", "ours-uvloop", "aiohttp", "httpx", "boto3", "boto3-pool"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
@pytest.mark.long
def test_every_contender_posts_plain_and_over_tls() -> None:
    result = run(rounds=1, posts=dict.fromkeys(CLIENTS, 20), delays_ms=(0,))
    assert [(case["tls"], case["delayMs"]) for case in result.figures["cases"]] == [(False, 0), (True, 0)]
    for case in result.figures["cases"]:
        assert set(case["clients"]) == CLIENTS
        assert all(client["cpuMicroseconds"] > 0 for client in case["clients"].values())
        assert case["clients"]["ours"]["cpuTimesOurs"] == 1
    assert len(result.rows) == 12
    assert [target.least for target in result.targets] == [25, 3, 15, 2]
