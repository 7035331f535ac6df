"""One connection of a viewer from its welcome on: which chats it got, and which it should have got."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import lt
from typing import NamedTuple

from tools.load.heard import Heard

# Groups of viewers: slow ones are told apart, since they miss what they do not take.
OTHERS, SLOW = 0, 1


class Presence:
    """`since` is the seq up to which the welcome informs the viewer, None before the welcome."""

    class Key(NamedTuple):
        """What a presence comes down to, the same for most viewers of a room. `runs` alternates first and last."""

        group: int
        stays: bool
        since: int
        left_out: int
        runs: tuple[int, ...]

    __slots__ = ("_runs", "group", "left_out", "online", "since")

    def __init__(self, group: int) -> None:
        self.group = group
        self.since: int | None = None
        self.left_out = 0
        self.online: int | None = None
        self._runs: list[int] = []

    def hear(self, heard: Heard) -> None:
        """Note what a message says."""
        runs = self._runs
        for first, last in heard.runs:
            if runs and runs[-1] + 1 == first:
                runs[-1] = last
            else:
                runs += (first, last)
        if heard.online is not None:
            self.online = heard.online
        if heard.left_out:
            self.left_out += heard.left_out
        if heard.welcome is not None and self.since is None:
            self.since = heard.since

    def key(self, *, stays: bool) -> Key:
        """`stays`: the viewer saw the end of the load."""
        assert self.since is not None
        return self.Key(self.group, stays, self.since, self.left_out, tuple(self._runs))


@dataclass
class Verdict:
    """Numbers of chats, summed over viewers. `due`: sent while they were there. `left_out`: as type 13 said."""

    due: int = 0
    lost: int = 0
    left_out: int = 0
    repeated: int = 0
    out_of_order: int = 0

    def add(self, other: "Verdict", times: int) -> None:
        for name, number in vars(other).items():
            vars(self)[name] += number * times


def judge(presence: Presence.Key, seqs: Sequence[int], reference: Sequence[int]) -> Verdict:
    """What became of the chats of one presence.

    `seqs` is the catalogue that the presence's runs refer to; `reference` are all chats of the room, in order. A viewer
    who stays is owed every chat since its welcome. One who left is owed those up to the last chat that it got: whether
    it should have got a later one, nobody can tell.
    """
    runs = zip(presence.runs[::2], presence.runs[1::2], strict=True)
    heard = [seq for first, last in runs for seq in seqs[first : last + 1]]
    verdict = Verdict()
    if not all(map(lt, heard, heard[1:])):
        heard = _sort_out(heard, verdict)
    end = reference[-1] if presence.stays and reference else max(heard, default=presence.since)
    since = bisect_right(reference, presence.since)
    verdict.due = max(0, bisect_right(reference, end) - since)
    missing = verdict.due - sum(presence.since < seq <= end for seq in heard)
    verdict.left_out = min(missing, presence.left_out)
    verdict.lost = missing - verdict.left_out
    return verdict


def _sort_out(heard: Sequence[int], verdict: Verdict) -> list[int]:
    """Each chat once. Those that came again or late are counted."""
    seen: set[int] = set()
    newest = -1
    for seq in heard:
        if seq in seen:
            verdict.repeated += 1
        elif seq < newest:
            verdict.out_of_order += 1
        seen.add(seq)
        newest = max(newest, seq)
    return list(seen)
