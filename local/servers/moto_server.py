"""The script of Moto: moto's server in a process of its own.

`moto_server.py` prints its URL, on a free loopback port, and serves until SIGTERM.
"""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from a2wsgi import WSGIMiddleware
from moto import backends
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import expressions
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from uvicorn import Config, Server

# The index over all partitions (infra/archive.py).
USERS = "user"
# Of attributes that hold no others.
PLAIN_TYPES = {"S", "N", "BOOL", "NULL"}
SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Its share is then a third of what another session gets that wants the CPU too.
NICE = 5

# A connection that nobody uses is closed after so long.
KEPT_SECONDS = 60
# So many are remembered, more than the functions write.
EXPRESSIONS = 256

Serialize = Callable[[Any, Any, Any, Any, str], None]
"""serialize(serializer, where to, value, shape, key)."""


class AtomicItems:
    """moto's application, with one request to DynamoDB at a time.

    In moto, another request can read and change an item in the middle of a change; in DynamoDB it cannot.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._turn = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return self._app(environ, start_response)
        with self._turn:
            return list(self._app(environ, start_response))


class PartitionedTable(Table):
    """moto's table, but a query searches one partition; for one request at a time.

    moto's own query searches all items, which takes seconds after a room has talked for a while. The same holds for a
    query of the archive's index `top`: the items that the index has under a key are in the partition of that key. The
    index `user` has items of all partitions, of which only the key is compared.
    """

    # moto reads a class's service from its module.
    __module__ = Table.__module__
    _wanted: DynamoType | None = None
    _is_of_users = False

    def query(self, hash_key: DynamoType | None, *arguments: Any, **conditions: Any) -> Any:
        self._wanted = hash_key
        self._is_of_users = USERS in (conditions.get("index_name"), *arguments)
        try:
            return super().query(hash_key, *arguments, **conditions)
        finally:
            self._wanted = None

    def all_items(self) -> list[Any]:
        """The items of the partition that is searched, else of all, sorted as in moto; those of one user if the index
        asks for these, which moto sorts itself."""
        if self._wanted is None:
            return super().all_items()
        if self._is_of_users:
            items = (item for partition in self.items.values() for item in partition.values())
            return [item for item in items if "userId" in item.attrs and item.attrs["userId"] == self._wanted]
        return sorted(self.items.get(self._wanted, {}).values(), key=lambda item: item.range_key.cast_value)


def with_values_as_they_are(serialize: Serialize) -> Serialize:
    """moto's serializer of structures, but attributes of items are passed on: moto has them in the form of the answer.

    moto itself looks for the members of each value by ten names, under three aliases each. That was a fifth of the CPU
    of this process, in a room with 20 seats and 1,000 readers.
    """

    def serialize_type_structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and _is_plain(value):
            serialized[key] = value
        else:
            serialize(self, serialized, value, shape, key)

    return serialize_type_structure


def _is_plain(value: Any) -> bool:
    """Whether an attribute is in the form of an answer: a text, a number as a text, a boolean or null."""
    return isinstance(value, dict) and all(
        name in PLAIN_TYPES and isinstance(held, str | bool) for name, held in value.items()
    )


def remember_what_stays_the_same() -> None:
    """moto parses the expression of an update twice, and lists its own folder, for each request.

    What is parsed is copied before it is changed (moto.dynamodb.parsing.validators), so that it can be kept.
    """
    parser = vars(expressions)["UpdateExpressionParser"]
    parser.make = lru_cache(EXPRESSIONS)(parser.make)
    vars(backends)["list_of_moto_modules"] = partial(iter, (*backends.list_of_moto_modules(),))


def stand_back() -> None:
    """Let the room go first where there is too little CPU.

    moto takes milliseconds of CPU a request, more than all else in a busy room, for an archive that nobody waits for.
    Linux may share the CPU among sessions first, and this process has a session of its own, which needs its own word.
    """
    os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))


def main() -> None:
    stand_back()
    vars(models)["Table"] = PartitionedTable
    of_moto = BaseJSONSerializer._serialize_type_structure
    setattr(BaseJSONSerializer, of_moto.__name__, with_values_as_they_are(of_moto))
    remember_what_stays_the_same()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before any thread starts: threads inherit it
    # moto's own server closes a connection after each request, and starts a thread for each.
    app = WSGIMiddleware(AtomicItems(DomainDispatcherApplication(create_backend_app)))
    server = Server(
        Config(app, ws="none", lifespan="off", log_config=None, access_log=False, timeout_keep_alive=KEPT_SECONDS)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=server.run, args=([listener],), daemon=True).start()
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        signal.sigwait(SIGNALS)
        os._exit(0)  # nothing is left to clean up, and Python's own end takes half a second


if __name__ == "__main__":
    main()
