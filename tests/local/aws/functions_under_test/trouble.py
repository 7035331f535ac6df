"""A function that does what its event says, good or bad, and tells its process id."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    match event.get("do"):
        case "raise":
            raise ValueError("x" * event["length"])
        case "sleep":
            time.sleep(event["seconds"])
        case "exit":
            os._exit(event["status"])
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "object":
            return object()
        case "child":
            return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid
        case "modules":
            return sorted(sys.modules)
        case "wait":
            wait_for(event)
    return os.getpid()


def wait_for(event: dict[str, Any]) -> None:
    """Tell by a line in the file `started` that it waits, then wait for the file `release`."""
    with Path(event["started"]).open("a") as started:
        started.write(f"{event['name']}\n")
    while not Path(event["release"]).exists():
        time.sleep(0.005)
