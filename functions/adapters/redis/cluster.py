"""The client of the cluster, which waits while a slot moves from one node to another.

A slot moves key by key, while the cluster grows or shrinks. Until it has moved, a command is refused (TRYAGAIN) if only
some of its keys are on the node that is asked. A room's scripts name keys that may not exist, and so do all calls that
change something once: they are refused for as long as the slot moves. redis-py asks again for a third of a second.
A refused command has changed nothing.
https://valkey.io/topics/cluster-spec/#multiple-keys-operations
"""

import asyncio
import time
from typing import Any

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.exceptions import ClusterError

# As long as for an answer (the socket's time-out in client.py). So nobody waits longer for a slot than for an answer.
MOVING_SECONDS = 3.0
PAUSE_SECONDS = 0.02
_SCRIPTS = ("EVALSHA", "EVAL")


class RoomsCluster(RedisCluster):
    """A client of the cluster. Commands for a slot that moves are made again for MOVING_SECONDS."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As RedisCluster does it. Raises ClusterError if the slot has not moved in time."""
        deadline = time.monotonic() + MOVING_SECONDS
        while True:
            try:
                return await super().execute_command(*args, **kwargs)
            except ClusterError as error:
                # Its subclasses say that the cluster is down; only itself, that redis-py has asked often enough.
                if type(error) is not ClusterError or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _determine_slot(self, command: str, *args: Any) -> int:
        # redis-py would compute the slot of each key of a script, and does so twice: the keys of a script have one tag.
        if command in _SCRIPTS and int(args[1]):
            return self.keyslot(args[2])
        return await super()._determine_slot(command, *args)

    def get_node(
        self, host: str | None = None, port: int | None = None, node_name: str | None = None
    ) -> ClusterNode | None:
        """A node, also one that is new: redis-py asks for the node that a slot moves to, and does not expect None."""
        known = super().get_node(host, port, node_name)
        if known or not node_name:
            return known
        host, _, name = node_name.rpartition(":")
        node = ClusterNode(host, int(name), "primary", **self.connection_kwargs)
        self.nodes_manager.set_nodes(self.nodes_manager.nodes_cache, {node.name: node})
        return node
