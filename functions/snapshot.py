"""SnapStart: environments that begin as copies of one snapshot of a started function.

What is done before the snapshot, no copy has to do again; but what is random in it is the same in all of them, and a
connection in it would be dead. https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import importlib
import os
import random
import sys
from collections.abc import Callable, Iterable, Mapping

# What functions import when they first need it. A copy of a snapshot asks for its credentials over HTTP.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
LATE_IMPORTS = ("urllib.request",)


def at_snapshot(
    prepare: Callable[[], object], *, environment: Mapping[str, str], late_imports: Iterable[str] = ()
) -> None:
    """If a snapshot will be taken of this process, have `prepare` run before; it may open no connection.

    `late_imports` are imported then too. Elsewhere nothing happens: the first event does it.
    """
    if environment.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    # In Lambda's Python from 3.12 on.
    # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    def before() -> None:
        for name in (*LATE_IMPORTS, *late_imports):
            importlib.import_module(name)
        prepare()

    register_before_snapshot(before)
    register_after_restore(differ)


def differ() -> None:
    """Make this copy's random numbers its own: pauses between attempts, and which broker is asked first.

    What must be unique to all comes from the operating system when it is needed, and that differs by itself.
    """
    random.seed()
    if "ssl" in sys.modules:
        import ssl

        ssl.RAND_add(os.urandom(32), 32.0)
