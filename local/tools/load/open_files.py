"""How many connections a process may have."""

# What a process needs besides: its standard streams, the event loop, libraries.
_SPARE = 64


def raise_limit() -> int | None:
    """Raise the soft limit of open files to the hard one.

    Returns how many connections fit, None where no limit is known.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (ValueError, OSError):  # macOS takes less than it says
            pass
    return None if soft == resource.RLIM_INFINITY else soft - _SPARE


def shortage(viewers: int, processes: int, room: int | None) -> str | None:
    """Why so many viewers do not fit, if `room` of them do into each process; None if they do."""
    each = -(-viewers // processes)
    if room is None or each <= room:
        return None
    return (
        f"{each} viewers in a process do not fit into its limit of open files, which leaves {max(0, room)}: "
        "raise it (ulimit -n), or take more --processes"
    )
