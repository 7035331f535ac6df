"""Those who are ahead of a bucket of users: who watched longest, who wrote most.

The figures of users only grow, and each that grows is compared at once. So the few who are ahead are known without
looking at the others, and a report reads 32 short lists.
"""

import heapq
import json
from collections.abc import Iterable, Mapping

# Of each list. An item with two of them, for ids of 36 characters, has 1.3 KB.
MOST = 10

Leader = tuple[str, int]


def ahead(leaders: Iterable[Leader], figures: Mapping[str, int]) -> list[Leader]:
    """The first of `leaders` and of the users with new `figures`: the largest figure, and then by id."""
    largest = dict(leaders)
    for user_id, figure in figures.items():
        if figure > largest.get(user_id, 0):
            largest[user_id] = figure
    return first(largest.items())


def first(leaders: Iterable[Leader]) -> list[Leader]:
    """The MOST first of these."""
    return heapq.nsmallest(MOST, leaders, key=lambda leader: (-leader[1], leader[0]))


def pack_leaders(leaders: Iterable[Leader]) -> str:
    """One line of JSON."""
    return json.dumps(list(leaders), ensure_ascii=False, separators=(",", ":"))


def unpack_leaders(text: str) -> list[Leader]:
    """The inverse of `pack_leaders`; none of an empty text."""
    return [(user_id, figure) for user_id, figure in json.loads(text or "[]")]
