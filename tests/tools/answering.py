"""Something in place of the emulator, for tools that ask it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Literal


@contextlib.contextmanager
def answering(method: Literal["DELETE", "GET", "POST"], status: int, answer: Any) -> Iterator[tuple[str, list[Any]]]:
    """It answers every request of this method so, and refuses others; its URL, and the bodies that it was sent: of a
    DELETE, which has none, the path and the token."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    def respond(handler: Handler) -> None:
        if length := handler.headers["content-length"]:
            asked.append(json.loads(handler.rfile.read(int(length))))
        if method == "DELETE":
            asked.append((handler.path, handler.headers["authorization"]))
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    setattr(Handler, f"do_{method}", respond)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
