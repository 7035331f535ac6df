"""A histogram of durations that takes the same room however many there are."""

from collections.abc import Mapping
from typing import Self

# Values below 256 are kept exactly, larger ones with 8 significant bits: to 1/256 of the value.
_BITS = 8


def bucket_of(value: int) -> int:
    """The bucket of a value of 0 or more."""
    shift = value.bit_length() - _BITS
    return value if shift <= 0 else (shift << (_BITS - 1)) + (value >> shift)


def middle_of(bucket: int) -> int:
    """The value in the middle of a bucket."""
    shift = (bucket >> (_BITS - 1)) - 1
    if shift <= 0:
        return bucket
    return ((bucket - (shift << (_BITS - 1))) << shift) + (1 << (shift - 1))


class Histogram:
    """Whole numbers of 0 or more (negative ones count as 0), in buckets. `greatest` is exact, if told by `reach`."""

    def __init__(self, counts: Mapping[int, int] | None = None, greatest: int = 0) -> None:
        self._counts = dict(counts or {})
        self.greatest = greatest

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self._counts.values())

    def add(self, value: int, times: int = 1) -> None:
        """Count a value."""
        bucket = bucket_of(max(0, value))
        self._counts[bucket] = self._counts.get(bucket, 0) + times

    def reach(self, value: int) -> None:
        """Note a value as it is, which was or will be counted, perhaps rounded."""
        self.greatest = max(self.greatest, value)

    def merge(self, other: "Histogram") -> None:
        """Count all of another histogram's values."""
        for bucket, times in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + times
        self.reach(other.greatest)

    def percentile(self, percent: float) -> int | None:
        """The value that `percent` of all do not exceed, to 1/256; None when there is none."""
        total = self.total
        if not total:
            return None
        left = max(1, -(-total * percent // 100))
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                return min(middle_of(bucket), self.greatest) if self.greatest else middle_of(bucket)
        raise AssertionError("the buckets hold less than their total")

    def to_json(self) -> dict[str, object]:
        """What `from_json` reads."""
        return {"counts": [[bucket, times] for bucket, times in self._counts.items()], "greatest": self.greatest}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """The inverse of `to_json`."""
        counts, greatest = value["counts"], value["greatest"]
        assert isinstance(counts, list)
        assert isinstance(greatest, int)
        return cls(dict(counts), greatest)
