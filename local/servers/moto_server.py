"""moto's server in a process of its own: what Moto runs, as a script.

`moto_server.py` prints its URL, on a free loopback port, and serves until SIGTERM.
"""

import logging
import signal

from moto.server import ThreadedMotoServer

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before threads are started: they inherit it
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would write a line for each request
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    signal.sigwait(SIGNALS)


if __name__ == "__main__":
    main()
