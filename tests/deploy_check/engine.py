"""MiniStack, in an environment of its own, on loopback and a free port."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".engine" / "bin" / "ministack"

ACCOUNT, REGION = "000000000000", "us-east-1"  # MiniStack's own
START_SECONDS, PAUSE_SECONDS = 60.0, 0.1


class EngineError(Exception):
    """MiniStack is not installed, or does not start; the message says what to do."""


class Engine:
    """`client` makes boto3's clients."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    @property
    def version(self) -> str:
        with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=10) as answer:
            return str(json.load(answer).get("version", "unknown"))


@contextmanager
def running() -> Iterator[Engine]:
    """A MiniStack that ends with the context. Raises EngineError."""
    if not PROGRAM.exists():
        raise EngineError("MiniStack is not installed: `make deploy-check` does that")
    # What MiniStack's functions still write when it ends must not hide what has gone wrong.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        log = Path(directory, "log")
        with log.open("w") as lines:
            process = subprocess.Popen([PROGRAM], stdout=lines, stderr=lines, env=_environment(port, directory))
        try:
            engine = Engine(port)
            _wait(engine, process, log)
            yield engine
        finally:
            process.terminate()
            process.wait()


def _environment(port: int, directory: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": directory,
        "TMPDIR": directory,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        # Listeners of services that the stack does not use.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def _wait(engine: Engine, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            engine.version  # noqa: B018  reading it asks
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise EngineError(f"MiniStack does not start ({error}):\n{log.read_text()}") from None
            time.sleep(PAUSE_SECONDS)
        else:
            return
