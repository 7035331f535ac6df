"""Redis or Valkey 7 or newer as the functions meet it on AWS: three nodes, and a user with REDIS_ACCESS and no more."""

import random
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from functions.manifest import REDIS_ACCESS
from local.servers.process import ServerProcess
from local.servers.redis import BUS_OFFSET, free_port, redis_server
from local.servers.server import START_SECONDS, Server

# Valkey 8, which ElastiCache runs, is a fork of 7.2.
OLDEST_VERSION = (7, 0)
SLOTS = 16_384
ADMIN, USER = "admin", "functions"


@dataclass(frozen=True)
class RedisServer:
    """The Redis that the tests are given. `admin_url` is for what the functions may not do: the tests' own means."""

    url: str
    admin_url: str
    # A context in which no slot is between two nodes.
    at_rest: AbstractContextManager[object] = field(default_factory=nullcontext)


@dataclass(frozen=True)
class Node:
    """A node, and the slots that it begins with."""

    id: str
    port: int
    slots: range
    process: ServerProcess


class ThreeNodes(Server):
    """A cluster of three nodes in memory. `address` is for the functions' user, `admin_url` for one with all rights.

    Nobody else is let in. The password is the same for both, and new for each cluster. `sharing` nodes have all slots.
    """

    name = "Redis"

    def __init__(self, oldest: tuple[int, int] = OLDEST_VERSION, *, sharing: int = 3) -> None:
        super().__init__()
        self._oldest = oldest
        self._edges = [SLOTS * min(number, sharing) // sharing for number in range(4)]
        self.password = secrets.token_hex(16)
        self.nodes: list[Node] = []

    @property
    def admin_url(self) -> str:
        return self.address.replace(USER, ADMIN, 1)

    def admin(self, node: Node) -> Any:
        """A client of one node, with all rights."""
        return Redis(port=node.port, username=ADMIN, password=self.password)

    async def start(self) -> None:
        """Start the nodes and wait until each says that the cluster is up; raises ServerFailed."""
        server = redis_server(self._oldest)
        for first, end in pairwise(self._edges):
            node_id, port = f"{random.getrandbits(160):040x}", self._free_port()
            self.nodes.append(Node(node_id, port, range(first, end), ServerProcess(self.name)))
        try:
            for node in self.nodes:
                await node.process.start([server, str(self._written(node))])
            for node in self.nodes:
                await node.process.until(lambda node=node: self._is_up(node), seconds=START_SECONDS)  # type: ignore[misc]
        except BaseException:
            await self.stop()
            raise
        self._address = f"redis://{USER}:{self.password}@127.0.0.1:{self.nodes[0].port}"

    async def stop(self) -> None:
        for node in self.nodes:
            await node.process.kill()
            node.process.remove()
        self.nodes.clear()

    def _free_port(self) -> int:
        while (port := free_port()) in [node.port for node in self.nodes]:
            pass
        return port

    def _written(self, node: Node) -> Path:
        """The file of a node's settings. Beside it stands what a cluster's nodes know of each other."""
        directory = node.process.directory
        (directory / "nodes.conf").write_text("".join(self._known(node)))
        settings = directory / "redis.conf"
        settings.write_text(
            f'port {node.port}\nbind 127.0.0.1\ndir {directory}\nloglevel warning\nsave ""\nappendonly no\n'
            "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-announce-ip 127.0.0.1\n"
            # A node that has lost its last slot would become a replica.
            "cluster-allow-replica-migration no\n"
            f"user default off\nuser {ADMIN} on >{self.password} ~* &* +@all\n"
            f"user {USER} >{self.password} {REDIS_ACCESS}\n"
        )
        return settings

    def _known(self, myself: Node) -> Iterator[str]:
        for epoch, node in enumerate(self.nodes, 1):
            flags = "myself,master" if node is myself else "master"
            at = f"127.0.0.1:{node.port}@{node.port + BUS_OFFSET}"
            slots = f" {node.slots[0]}-{node.slots[-1]}" if node.slots else ""
            yield f"{node.id} {at} {flags} - 0 0 {epoch} connected{slots}\n"
        yield "vars currentEpoch 3 lastVoteEpoch 0\n"

    async def _is_up(self, node: Node) -> bool:
        client = AsyncRedis(port=node.port, username=ADMIN, password=self.password, retry=Retry(NoBackoff(), 0))
        try:
            node_id, info = await client.cluster("MYID"), await client.cluster("INFO")
        except RedisError:
            return False
        finally:
            await client.aclose()
        return bool(node_id == node.id.encode() and info["cluster_state"] == "ok")
