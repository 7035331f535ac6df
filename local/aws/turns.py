"""A queue whose keys take turns, so that many items of one key make no other key wait."""

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """The items of one key keep their order. `take` goes from key to key, one item of each."""

    def __init__(self) -> None:
        # In the order of the turns.
        self._waiting: dict[str, deque[Item]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, key: str, item: Item) -> None:
        """Add an item behind the others of its key. A new key has its turn last."""
        self._waiting.setdefault(key, deque()).append(item)
        self._length += 1

    def take(self) -> Item:
        """Remove the next item; raises StopIteration if there is none."""
        key = next(iter(self._waiting))
        items = self._waiting.pop(key)
        item = items.popleft()
        if items:
            self._waiting[key] = items
        self._length -= 1
        return item
