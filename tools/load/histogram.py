"""A histogram of durations. Its size does not grow with their number."""

from collections import Counter

# Values below 256 are exact. Larger ones keep 8 significant bits, which is 1/256 of the value.
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
    """Integers from 0 in buckets; a negative one counts as 0. `greatest` is exact, if `reach` is told the values."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.greatest = 0

    @property
    def total(self) -> int:
        return self._counts.total()

    def add(self, value: int, times: int = 1) -> None:
        self._counts[bucket_of(max(0, value))] += times

    def reach(self, value: int) -> None:
        """Note the exact value of one that is counted, perhaps rounded."""
        self.greatest = max(self.greatest, value)

    def merge(self, other: "Histogram") -> None:
        """Add the values of another histogram."""
        self._counts.update(other._counts)
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
