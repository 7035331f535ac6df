import socket
import ssl
from urllib.error import URLError

import pytest

from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.platform import Platform, unreachable


def test_why_there_is_no_answer_is_told_apart() -> None:
    for error, likely in (
        (URLError(socket.gaierror(-2, "Name or service not known")), cause.DNS),
        (socket.gaierror(-2, "Name or service not known"), cause.DNS),
        (URLError(ssl.SSLCertVerificationError("certificate verify failed")), cause.TLS),
        (URLError(ConnectionRefusedError(111, "Connection refused")), cause.ADDRESS),
        (URLError(TimeoutError("timed out")), cause.ADDRESS),
        (TimeoutError("timed out"), cause.FUNCTION),
    ):
        assert unreachable("https://rooms.example/api", error).cause is likely, error


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening, so nobody else gets it
        platform = Platform(f"http://127.0.0.1:{taken.getsockname()[1]}/api", None)
        with pytest.raises(Failed, match="cannot be reached") as caught:
            await platform.call("GET", "/health")
    assert caught.value.cause is cause.ADDRESS
