"""What watching earns."""

# A heartbeat, and a close, credit the time since the user's last credit, at most so many intervals of it.
MOST_HEARTBEATS = 1.5


def most_credit_ms(heartbeat_seconds: int) -> int:
    """The most that one credit may be, in ms."""
    return int(MOST_HEARTBEATS * heartbeat_seconds * 1000)
