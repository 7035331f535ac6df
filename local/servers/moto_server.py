"""moto's server in a process of its own: what Moto runs, as a script.

`moto_server.py` prints its URL, on a free loopback port, and serves until SIGTERM.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class AtomicItems:
    """moto's application, with one request to DynamoDB at a time: an item that moto is still changing can be read, and
    changed by another at the same time, as none of DynamoDB's can."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._turn = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return self._app(environ, start_response)
        with self._turn:
            return list(self._app(environ, start_response))


class PartitionedTable(Table):
    """moto's table, whose queries look through one partition: moto's own look through all items there are, which takes
    seconds once a room has talked for a while. In an index too: what the archive's index finds under a key, is in the
    partition of that key. For one request at a time."""

    # moto tells from it which service a class is of.
    __module__ = Table.__module__
    _wanted: DynamoType | None = None

    def query(self, hash_key: DynamoType | None, *arguments: Any, **conditions: Any) -> Any:
        """As moto's."""
        self._wanted = hash_key
        try:
            return super().query(hash_key, *arguments, **conditions)
        finally:
            self._wanted = None

    def all_items(self) -> list[Any]:
        """Those of the partition that is looked through, else all; sorted, as moto has them."""
        if self._wanted is None:
            return super().all_items()
        return sorted(self.items.get(self._wanted, {}).values(), key=lambda item: item.range_key.cast_value)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    vars(models)["Table"] = PartitionedTable
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before threads are started: they inherit it
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would write a line for each request
    app = AtomicItems(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    signal.sigwait(SIGNALS)


if __name__ == "__main__":
    main()
