"""Processes that tests start, and that may end while they are looked at."""

import psutil


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; who was orphaned may be a zombie for a while."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
