"""An HTTP server that answers every request with an empty 200, in a process of its own.

So the CPU time of the process that posts is the client's only. `running_sink` starts
`python -m bench.sink --delay-ms N [--certificate FILE]`.
"""

import argparse
import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httptools
import uvloop

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"


class _Connection(asyncio.Protocol):
    """One kept-alive connection. Pipelined requests are answered in order."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_OK)


async def serve(delay: float, certificate: Path | None) -> None:
    """Listen on a free loopback port, print it, and serve until stdin is closed."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(delay), "127.0.0.1", 0, ssl=tls, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    # stdin is a pipe of the parent process. It closes when the parent ends, in whatever way.
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def running_sink(*, delay_ms: float = 0, certificate: Path | None = None) -> Iterator[str]:
    """Yields the address to post to, `http(s)://127.0.0.1:PORT/websocket`. The sink ends with the context."""
    command = [sys.executable, "-m", "bench.sink", "--delay-ms", str(delay_ms)]
    if certificate is not None:
        command += ["--certificate", str(certificate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}/websocket"
        finally:
            process.kill()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sink", description="Answer every request with 200")
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--certificate", type=Path, help="PEM file with key and certificate: serve https")
    options = parser.parse_args(arguments)
    uvloop.run(serve(options.delay_ms / 1000, options.certificate))


if __name__ == "__main__":
    main()
