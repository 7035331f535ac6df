"""Functions that start from a snapshot, under AWS's own runtime client: what it asks for, and when."""

import importlib.util
import json
import os
import queue
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from functions.manifest import FUNCTIONS
from functions.runtime.settings import OF_NEED, OPTIONAL
from functions.runtime.snapshot import at_snapshot, differ
from functions.triggers import Authorizer, HttpRoutes, Route

ROOT = Path(__file__).parents[3]
WAITED_FOR = {row.name: row for row in FUNCTIONS if isinstance(row.trigger, Authorizer | Route | HttpRoutes)}
PREFIX = "/2018-06-01/runtime"
SECONDS = 60
# Where somebody listens who counts: no function may connect before its snapshot is taken.
SETTINGS = {
    "CONNECTIONS_URL": "http://{0}/websocket",
    "KAFKA_AUTH": "iam",
    "KAFKA_BOOTSTRAP": "{0}",
    "REDIS_URL": "redis://{0}",
    "TOKEN_SECRET": "keys",
    "TABLE": "table",
    "WEBSOCKET_URL": "wss://{0}/websocket",
}


class SnapshotApi:
    """The part of the Runtime API that a function meets which is started for a snapshot. `asked` is what it asked for,
    in order; `restore` lets it go on."""

    def __init__(self) -> None:
        self.asked: queue.Queue[str] = queue.Queue()
        self.restored = threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.put(self.path.removeprefix(PREFIX))
                api.restored.wait()
                if self.path.endswith("/restore/next"):
                    self.answer()
                else:
                    self.close_connection = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.asked.put(f"{self.path.removeprefix(PREFIX)} {body.decode()}")
                self.answer()

            def answer(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def next(self) -> str:
        """What it asks for next."""
        return self.asked.get(timeout=SECONDS)


@pytest.fixture
def api() -> Iterator[SnapshotApi]:
    api = SnapshotApi()
    serving = threading.Thread(target=api.server.serve_forever, args=(0.01,))
    serving.start()
    yield api
    api.restored.set()
    api.server.shutdown()
    serving.join()
    api.server.server_close()


@contextmanager
def started(handler: str, api: SnapshotApi, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    settings = {name: value.format("127.0.0.1:1") for name, value in SETTINGS.items()}
    runtime = {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
    }
    environment = {"PATH": os.environ["PATH"], **settings, **runtime, **more}
    command = [sys.executable, "-m", "awslambdaric", handler]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def sockets(process: "subprocess.Popen[bytes]") -> set[str]:
    """Whom a process is connected to, or tries to be."""
    connections = psutil.Process(process.pid).net_connections("inet")
    return {":".join(map(str, one.raddr)) for one in connections} - {""}


awslambdaric = pytest.mark.skipif(
    not importlib.util.find_spec("awslambdaric"), reason="AWS's own runtime client is for Linux"
)


@awslambdaric
@pytest.mark.parametrize("name", WAITED_FOR)
def test_a_function_is_ready_for_its_snapshot_without_a_connection_and_goes_on_when_restored(
    name: str, api: SnapshotApi
) -> None:
    with started(WAITED_FOR[name].handler, api) as process:
        # It has prepared itself by now; an error of it would have been told first.
        assert api.next() == "/restore/next"
        assert sockets(process) <= {api.address}
        api.restored.set()
        assert api.next() == "/invocation/next"


@awslambdaric
@pytest.mark.parametrize("name", WAITED_FOR)
def test_a_function_that_cannot_be_built_fails_before_its_snapshot_and_so_does_its_deployment(
    name: str, api: SnapshotApi
) -> None:
    row = WAITED_FOR[name]
    missing = {OF_NEED[need][0].upper(): "" for need in row.needs - set(OPTIONAL)}
    with started(row.handler, api, **missing) as process:
        told, _, body = api.next().partition(" ")
        assert told == "/init/error"
        error = json.loads(body)
        assert error["errorType"] == "SettingsError"
        assert all(f"{name} is not set" in error["errorMessage"] for name in missing)
        assert process.wait(SECONDS) != 0


def test_copies_of_a_snapshot_do_not_draw_the_same_numbers() -> None:
    before = random.getstate()
    try:
        drawn = set()
        for _ in range(2):
            random.seed(1)
            differ()
            drawn.add(random.random())
        assert len(drawn) == 2
    finally:
        random.setstate(before)


def test_without_a_snapshot_nothing_is_prepared() -> None:
    def prepare() -> None:
        raise AssertionError

    at_snapshot(prepare, environment={"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"})
    at_snapshot(prepare, environment={})
