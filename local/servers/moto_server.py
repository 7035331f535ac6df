"""moto's server in a process of its own: what Moto runs, as a script.

`moto_server.py` prints its URL, on a free loopback port, and serves until SIGTERM.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

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


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before threads are started: they inherit it
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would write a line for each request
    app = AtomicItems(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    signal.sigwait(SIGNALS)


if __name__ == "__main__":
    main()
