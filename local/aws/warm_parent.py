"""The process that execution environments are forked from: it has imported what all functions import.

It stands for SnapStart, which begins an environment from a snapshot too. What is imported here is other people's code
alone: an environment imports the functions itself, so an edit is picked up.

It runs as a file, `python -P warm_parent.py PARENT_PID MODULE...`, so that nothing of the emulator is on the functions'
import path. Standard input is a socket of packets, whose other end is fork_server.py. A packet in asks for a fork:
{"id", "arguments" of sandbox.py, "cwd", "environment"}, with the descriptor of its output. A packet out tells of one:
{"id", "pid"}, and {"id", "status"} when it has ended, or {"id", "error"}. Linux only.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import selectors
import socket
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

MAX_PACKET_BYTES = 128 * 1024


def main(parent: str, *modules: str) -> None:
    """Serve until the socket is closed. In a fork: run the function."""
    sandbox = _sandbox()
    os.setpgid(0, 0)  # Ctrl-C goes to the emulator alone
    sandbox.die_with(int(parent))
    for module in modules:
        with contextlib.suppress(ImportError):  # the function that needs it will say so
            importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a collection in a fork writes to none of these pages, so they stay shared
    pid = os.getpid()
    with socket.socket(fileno=os.dup(0)) as channel:
        asked = serve(channel)
    if asked is not None:
        become(*asked)
        sandbox.main([str(pid), *asked[0]["arguments"]])


def serve(channel: socket.socket) -> tuple[dict[str, Any], int] | None:
    """Fork for each request; returns None when the socket is closed, and in a fork its request and its output."""
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.data is not None:
                    _tell_end(channel, selector, key)
                    continue
                packet, descriptors, _, _ = socket.recv_fds(channel, MAX_PACKET_BYTES, 1)
                if not packet:
                    return None
                request = json.loads(packet)
                if _fork(channel, selector, request["id"]) == 0:
                    for other in selector.get_map().values():
                        if other.data is not None:
                            os.close(other.fd)
                    return request, descriptors[0]
                os.close(descriptors[0])


def _fork(channel: socket.socket, selector: selectors.BaseSelector, id: int) -> int:
    """The new process's id, 0 in that process, -1 if there can be none."""
    try:
        pid = os.fork()
    except OSError as error:
        channel.send(json.dumps({"id": id, "error": str(error)}).encode())
        return -1
    if pid:
        selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (id, pid))
        channel.send(json.dumps({"id": id, "pid": pid}).encode())
    return pid


def _tell_end(channel: socket.socket, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    id, pid = key.data
    _, status = os.waitpid(pid, 0)
    selector.unregister(key.fd)
    os.close(key.fd)
    channel.send(json.dumps({"id": id, "status": os.waitstatus_to_exitcode(status)}).encode())


def become(request: dict[str, Any], output: int) -> None:
    """Make this process what a new one with that directory, environment and output would be."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def _sandbox() -> ModuleType:
    """sandbox.py beside this file."""
    spec = importlib.util.spec_from_file_location("sandbox", Path(__file__).with_name("sandbox.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(*sys.argv[1:])
