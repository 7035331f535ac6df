"""SnapStart: Lambda starts a function once, takes a snapshot, and starts its environments as copies of the snapshot.

Work done before the snapshot is not repeated in the copies. But random state in the snapshot is the same in all of
them, and a connection would be dead. https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import importlib
import os
import random
import sys
from collections.abc import Callable, Iterable, Mapping

# Every function imports this when it first needs it: a copy of a snapshot asks for its credentials over HTTP.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
LATE_IMPORTS = ("urllib.request",)


def at_snapshot(
    prepare: Callable[[], object], *, environment: Mapping[str, str], late_imports: Iterable[str] = ()
) -> None:
    """If Lambda will take a snapshot of this process, run `prepare` and import `late_imports` before it does.

    `prepare` may open no connection. Without a snapshot nothing happens here: the first event does the work.
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
    """Seed this copy's random numbers anew. They decide on pauses between attempts, and on the first broker to ask.

    Ids that must be unique come from the operating system when they are needed, and differ without this.
    """
    random.seed()
    if "ssl" in sys.modules:
        import ssl

        ssl.RAND_add(os.urandom(32), 32.0)
