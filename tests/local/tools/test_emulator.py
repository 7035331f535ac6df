import pytest

from local.tools.emulator import NotHere, host_and_port


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://127.0.0.1:8100", ("127.0.0.1", 8100)),
        ("ws://localhost:8100/websocket", ("localhost", 8100)),
        ("http://[::1]", ("::1", 80)),
    ],
)
def test_an_emulator_is_on_this_machine(url: str, place: tuple[str, int]) -> None:
    assert host_and_port(url, otherwise="x") == place


@pytest.mark.parametrize("url", ["foo", "", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://127.0.0.1:x"])
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(NotHere, match="is no URL such as http://127.0.0.1:8000$"):
        host_and_port(url, otherwise="x")


@pytest.mark.parametrize("url", ["https://127.0.0.1:8000", "wss://rooms.example", "http://rooms.example:8000"])
def test_what_is_elsewhere_is_told_with_what_to_do(url: str) -> None:
    with pytest.raises(NotHere, match=f"^{url} is not on this machine: name it$"):
        host_and_port(url, otherwise="name it")
