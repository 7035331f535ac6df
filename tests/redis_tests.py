"""Which tests `make test-redis` leaves out, and why. Of the files it is given, it runs those tests that use Redis."""

from collections.abc import Mapping

# By what a test's id begins with, behind `tests/`.
LEFT_OUT: Mapping[str, str] = {
    "story/test_redis_away.py": "kills and restarts a server of its own",
    "functions/adapters/redis/test_redis_tokens.py": "signs in over TLS, to a server of its own",
    "functions/handlers/test_relay_gallery.py::test_a_tick_waits": "counts what goes past a proxy before a single node",
    "functions/adapters/redis/test_moving_slots.py": "moves the slots of a cluster of its own",
}
LEFT_OUT_WHILE_SLOTS_MOVE: Mapping[str, str] = {
    "functions/adapters/redis/test_script.py": "redirections lead past its proxy; 8,000 keys and seats take too long",
    "functions/adapters/redis/test_relay_rollback.py": "a copy of all keys is of no moment while keys move",
    "functions/adapters/redis/test_checkpoints.py": "likewise",
    "functions/adapters/redis/test_forgetful_rooms.py": "likewise",
    "functions/adapters/redis/test_limits.py::test_pages": "a page goes on in another server's order",
    "functions/adapters/redis/test_limits.py::test_every_key": "a list of all keys is of no moment while keys move",
    "functions/adapters/redis/test_room_state.py::test_every_key": "likewise",
    "functions/adapters/redis/test_moderation_state.py::test_what_a_moderator_writes_expires": "likewise",
    "functions/adapters/redis/test_properties_state.py::test_any_patches": "likewise: it empties Redis key by key",
    "functions/adapters/redis/test_gallery_state.py::test_counts": "likewise",
    "functions/adapters/redis/test_relay_state.py::test_many": "hundreds of calls, each of which waits",
}


def reason_to_leave_out(node_id: str, redis: str) -> str | None:
    """Why a test is left out if it runs on this Redis (the option --redis); None if it is not."""
    named = {**LEFT_OUT, **LEFT_OUT_WHILE_SLOTS_MOVE} if redis == "moving" else LEFT_OUT
    return next((reason for start, reason in named.items() if node_id.startswith(f"tests/{start}")), None)
