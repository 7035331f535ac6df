"""Where the emulator is, for tools that ask it for something; it answers to this machine alone."""

from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotHere(ValueError):
    """No URL of an emulator on this machine; the message says why and what to do."""


def host_and_port(url: str, *, otherwise: str) -> tuple[str, int]:
    """Of the emulator at `url`; raises NotHere. `otherwise`: what to do about rooms that are elsewhere."""
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port or 80
    except ValueError:
        host, port = None, 0
    if host is None or address.scheme not in ("http", "ws", "https", "wss"):
        raise NotHere(f"{url!r} is no URL such as http://127.0.0.1:8000")
    if address.scheme in ("https", "wss") or host not in LOOPBACK:
        raise NotHere(f"{url} is not on this machine: {otherwise}")
    return host, port
