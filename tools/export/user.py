"""What is stored of a user over all rooms, as JSON lines."""

import json
from typing import BinaryIO

from functions.adapters.dynamodb.table import plain
from functions.adapters.dynamodb.user_items import UserItems
from functions.rooms.disclosure import told_of
from tools.progress import Progress


async def write_user(user_id: str, items: UserItems, file: BinaryIO, progress: Progress) -> int:
    """Write a line for each item; returns how many there were. Raises TableUnavailable."""
    written: set[tuple[str, str]] = set()
    async for page in items.pages(user_id):
        for key, item in page.items.items():
            # What was said to a user comes by what says so, and perhaps as what they said themselves.
            if key not in page.targets and key not in written:
                line = json.dumps(told_of(*key, plain(item)), ensure_ascii=False, separators=(",", ":"))
                file.write(f"{line}\n".encode("utf-8", "replace"))
                written.add(key)
        progress.show(1.0 if page.last is None else 0.0, f"{len(written):,} records")
    file.flush()
    return len(written)
