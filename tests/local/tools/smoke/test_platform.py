import socket
import ssl
from urllib.error import URLError

import pytest

from local.tools.smoke import cause
from local.tools.smoke.cause import Cause, Failed
from local.tools.smoke.platform import Platform, unreachable


@pytest.mark.parametrize(
    ("error", "likely"),
    [
        (URLError(socket.gaierror(-2, "Name or service not known")), cause.DNS),
        (socket.gaierror(-2, "Name or service not known"), cause.DNS),
        (URLError(ssl.SSLCertVerificationError("certificate verify failed")), cause.TLS),
        (URLError(ConnectionRefusedError(111, "Connection refused")), cause.ADDRESS),
        (URLError(TimeoutError("timed out")), cause.ADDRESS),
        (TimeoutError("timed out"), cause.FUNCTION),
    ],
)
def test_why_there_is_no_answer_is_told_apart(error: Exception, likely: Cause) -> None:
    assert unreachable("https://rooms.example/api", error).cause is likely


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening, so nobody else gets it
        platform = Platform(f"http://127.0.0.1:{taken.getsockname()[1]}/api", None)
        with pytest.raises(Failed, match="cannot be reached") as caught:
            await platform.call("GET", "/health")
    assert caught.value.cause is cause.ADDRESS
