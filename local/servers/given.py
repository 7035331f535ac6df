"""Servers that the options name, instead of the embedded ones."""

import asyncio
from urllib.parse import urlsplit

from local.servers.process import ServerFailed, accepts

PATIENCE_SECONDS = 10  # they may still be starting


async def answered(address: str, setting: str) -> None:
    """Return when a server accepts connections at `address`: a URL, or the host:port of one or several brokers.

    Raises ServerFailed after PATIENCE_SECONDS; the error names the `setting` that the address comes from.
    """
    first = _host_and_port(address)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await accepts(first):  # noqa: ASYNC110  another's server does not report its start
                await asyncio.sleep(0.1)
    except (TimeoutError, ValueError):
        raise ServerFailed(f"{setting}: no server answers at {first}") from None


def _host_and_port(address: str) -> str:
    """Of a URL, or of the first of several brokers."""
    parts = urlsplit(address if "://" in address else f"//{address.partition(',')[0].strip()}")
    return f"{parts.hostname}:{parts.port}"
