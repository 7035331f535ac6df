"""One connection of a viewer, from its welcome on: which chats it heard, and what it should have heard."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import lt
from typing import NamedTuple

from local.tools.load.heard import Heard

# Groups of viewers: slow ones are told apart, since they miss what they do not take.
OTHERS, SLOW = 0, 1


class Presence:
    """`since` is the seq up to which the welcome says the viewer is informed, None before it."""

    class Key(NamedTuple):
        """What a presence was like; the same for most viewers of a room. `runs` alternates first and last."""

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
        """Take note of a frame."""
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
            self.since = int(str(heard.welcome["cursor"]).rpartition(".")[2])

    def key(self, *, stays: bool) -> Key:
        """What it was like; `stays`: it saw the end of the load."""
        assert self.since is not None
        return self.Key(self.group, stays, self.since, self.left_out, tuple(self._runs))


@dataclass
class Verdict:
    """Chats, summed over viewers. `due`: sent while they were there. `left_out`: missing, as type 13 had said."""

    due: int = 0
    lost: int = 0
    left_out: int = 0
    repeated: int = 0
    out_of_order: int = 0

    def add(self, other: "Verdict", times: int = 1) -> None:
        """Sum up."""
        self.due += other.due * times
        self.lost += other.lost * times
        self.left_out += other.left_out * times
        self.repeated += other.repeated * times
        self.out_of_order += other.out_of_order * times


def judge(presence: Presence.Key, seqs: Sequence[int], reference: Sequence[int]) -> Verdict:
    """What became of the chats of one presence.

    `seqs` is the catalogue that its runs speak of, `reference` all chats of the room, in order. One who left is owed
    what lies before the last chat it heard; one who stays is owed everything since its welcome.
    """
    heard = list(_heard(presence.runs, seqs))
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


def judge_all(
    presences: Mapping[Presence.Key, int], seqs: Sequence[int], reference: Sequence[int]
) -> dict[int, Verdict]:
    """The verdict of each group."""
    verdicts = {OTHERS: Verdict(), SLOW: Verdict()}
    for presence, times in presences.items():
        verdicts[presence.group].add(judge(presence, seqs, reference), times)
    return verdicts


def _heard(runs: Sequence[int], seqs: Sequence[int]) -> Iterator[int]:
    for first, last in zip(runs[::2], runs[1::2], strict=True):
        yield from seqs[first : last + 1]


def _sort_out(heard: Sequence[int], verdict: Verdict) -> list[int]:
    """Each chat once, those that came again or late counted."""
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
