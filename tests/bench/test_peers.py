import pytest

from bench.emulation import Load
from bench.peers import PEER, SERVERS, run


@pytest.mark.long
def test_every_server_is_measured_with_the_same_load() -> None:
    result = run(loads=(Load(viewers=4, chats=2, likes=1, joins=0, seconds=2),))
    assert [row[2] for row in result.rows] == [PEER, *SERVERS]
    for name, (figures,) in result.figures.items():
        chats = figures["told"]["chats"]
        assert (chats["lost"], chats["repeated"]) == (0, 0), name
        assert figures["told"]["latency_ms"]["count"] > 0, name
        assert figures["cpuSeconds"] > 0, name
        assert figures["memoryMb"] > 0, name
