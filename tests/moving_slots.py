"""Slots that move from node to node while tests run, as they do while ElastiCache grows or shrinks a cache.

A slot moves key by key. Meanwhile the old node answers commands whose keys are all there, sends single keys that it no
longer has to the new node (ASK), and refuses commands of which it has some keys only (TRYAGAIN). A script of a room
names keys that may not exist. So it is refused for as long as the slot moves, and waits.
https://valkey.io/topics/cluster-spec/#live-resharding
"""

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from redis.crc import key_slot

from tests.redis_cluster import ADMIN, ThreeNodes

# How long a slot stays between two nodes: mostly for a moment, sometimes for longer than redis-py waits by itself.
STAYS = (0.0, 0.0, 0.01, 0.01, 0.02, 0.05, 0.05, 0.7)
PAUSE_SECONDS = 0.02
CHUNK = 16


class Slots:
    """The slots of a cluster, and how they move."""

    def __init__(self, cluster: ThreeNodes) -> None:
        self._cluster = cluster
        self._clients = [cluster.admin(node) for node in cluster.nodes]
        self._owners = {slot: number for number, node in enumerate(cluster.nodes) for slot in node.slots}

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def in_use(self) -> set[int]:
        """Those that have keys."""
        return {key_slot(key) for client in self._clients for key in client.keys("*")}

    def owner(self, slot: int) -> int:
        """The number of the node that a slot is on."""
        return self._owners[slot]

    def begin(self, slot: int, target: int, *, keys: int = CHUNK) -> None:
        """Put a slot between its node and another, with so many of its keys on the other one."""
        self._clients[target].execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", self._id(self.owner(slot)))
        self._clients[self.owner(slot)].execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", self._id(target))
        self._migrate(slot, target, keys)

    def finish(self, slot: int, target: int) -> None:
        """Move the rest of what `begin` has begun to move."""
        while self._migrate(slot, target, CHUNK):
            pass
        for client in (self._clients[target], self._clients[self.owner(slot)], *self._clients):
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", self._id(target))
        self._owners[slot] = target

    def _id(self, number: int) -> str:
        return self._cluster.nodes[number].id

    def _migrate(self, slot: int, target: int, most: int) -> int:
        """Move some keys of a slot, one by one; returns how many there were."""
        client, port = self._clients[self.owner(slot)], self._cluster.nodes[target].port
        keys = client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, most)
        for key in keys:
            client.execute_command("MIGRATE", "127.0.0.1", port, key, 0, 5000, "AUTH2", ADMIN, self._cluster.password)
        return len(keys)


class SlotMover:
    """Moves the slots that have keys, one after another and again and again, in a thread."""

    def __init__(self, cluster: ThreeNodes) -> None:
        # A context in which no slot is between two nodes.
        self.at_rest = threading.Lock()
        self._nodes = len(cluster.nodes)
        self._slots = Slots(cluster)
        self._stays = itertools.cycle(random.Random(1).sample(STAYS, len(STAYS)))
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="slot mover", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Slots move in this context. Raises at its end what went wrong in the thread."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()
            self._slots.close()
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._ended.wait(PAUSE_SECONDS):
                for slot in self._slots.in_use():
                    self._move(slot)
                    if self._ended.wait(PAUSE_SECONDS):
                        return
        except BaseException as error:  # is raised where the tests end
            self._error = error

    def _move(self, slot: int) -> None:
        target = (self._slots.owner(slot) + 1) % self._nodes
        with self.at_rest:
            self._slots.begin(slot, target)
            self._ended.wait(next(self._stays))
            self._slots.finish(slot, target)
