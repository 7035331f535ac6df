"""What is wrong with an address of rooms at which nobody can come in, and what to write."""

import socket
import ssl
from urllib.parse import SplitResult, urlsplit

from functions.manifest import STAGE

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The same rooms are reached by both: what somebody wrote, and what was asked for.
TWIN = {"http": "ws", "https": "wss", "ws": "http", "wss": "https"}
PLAIN = {"wss": "ws", "https": "http"}
SECURE = {plain: secure for secure, plain in PLAIN.items()}


def meant(text: str, *schemes: str) -> str:
    """`: did you mean wss://h/?`, for a text that has no such scheme; "" if nobody can tell."""
    before, mark, rest = text.partition("://")
    if not mark and text and not text.startswith("/"):
        return f": did you mean {schemes[0]}://{text}?"
    twin = TWIN.get(before.lower())
    return f": did you mean {twin}://{rest}?" if mark and rest and twin in schemes else ""


def refused(url: str, status: int, location: str = "") -> str | None:
    """Why a handshake at `url` is answered with `status`; None if the address is not to blame: 429 and 5xx."""
    if status == 429 or status >= 500:
        return None
    answer = f"{url} answers the handshake with {status}"
    if 300 <= status < 400:
        return f"{answer}, which leads to {location or 'no address'}: write where the rooms themselves are"
    if status == 401:
        return f"{answer}: the rooms ask for a token, which takes --secret"
    parts = urlsplit(url)
    if parts.path != f"/{STAGE}":
        return f"{answer}: write the stage behind the host, {parts._replace(path=f'/{STAGE}').geturl()}"
    return f"{answer}: is it the stack's output WebSocketUrl? {_here(parts)}"


def unreachable(url: str, error: BaseException) -> str:
    """Why there is no connection, or no HTTP on it."""
    parts = urlsplit(url)
    if isinstance(error, socket.gaierror):
        return f"{url} cannot be reached: {parts.hostname} does not resolve ({error.strerror})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{url} cannot be reached: its certificate is refused ({getattr(error, 'verify_message', error)})"
    if isinstance(error, ssl.SSLError) and parts.scheme in PLAIN:
        plain = parts._replace(scheme=PLAIN[parts.scheme]).geturl()
        reason = getattr(error, "reason", error)
        return f"{url} cannot be reached: no TLS is spoken there ({reason}): did you mean {plain}?"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{url} cannot be reached: {reason}. {_here(parts)}"


def no_http(url: str) -> str:
    """The connection was taken, and what came is no HTTP, or nothing."""
    parts = urlsplit(url)
    secure = SECURE.get(parts.scheme)
    hint = f": did you mean {parts._replace(scheme=secure).geturl()}?" if secure else f". {_here(parts)}"
    return f"{url} does not answer in HTTP{hint}"


def _here(parts: SplitResult) -> str:
    if parts.hostname in LOOPBACK:
        return "The emulator prints its address when it is ready: `make dev PORT=...`, and --url or PORT here"
    return "Are host and port right, and does no firewall or web ACL stand in front?"
