"""Functions whose clocks are not those of the servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from local.aws import fork_server
from local.aws.environment_variables import inherited_environment

# Python runs a module of this name when it starts, here the process that all functions are forks of.
_SITE = """
import os
import time

def _shifted(clock, by):
    return lambda: clock() + (0 if os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").startswith("relay") else by)

time.time = _shifted(time.time, {seconds})
time.time_ns = _shifted(time.time_ns, {seconds} * 10**9)
"""


@contextmanager
def shifted_clock(minutes: int) -> Iterator[None]:
    """The functions of an emulator that starts meanwhile have a clock that is so much ahead. The relay has that of
    Kafka, since it does not show what was logged a minute ago. The emulator refuses signatures, as AWS does, if a clock
    is wrong by more than five minutes. Linux only."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        (Path(folder) / "sitecustomize.py").write_text(_SITE.format(seconds=60 * minutes))
        patched.setattr(fork_server, "inherited_environment", lambda: {**inherited_environment(), "PYTHONPATH": folder})
        yield
