"""What the checker finds, and what it counts beside."""

from collections import Counter
from dataclasses import dataclass, field

# The columns of which every one must be 0.
BAD = (
    "lost",
    "shown twice",
    "stored twice",
    "missed untold",
    "refused yet done",
    "count errors",
    "seconds too many",
    "order errors",
    "overheard",
    "not settled",
)
# The columns that only say how much there was.
COUNTED = (
    "sent",
    "acknowledged",
    "refused",
    "unknown",
    "likes",
    "screens",
    "links",
    "lane changes",
    "gaps told",
    "private, unheard",
    "twice, forgotten",
    "appended twice",
    "new epoch, again",
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A broken promise. `column` is one of BAD; `began` and `ended` say when it may have been broken. `about` is what
    many findings may have in common, such as a chat that many screens lack."""

    column: str
    text: str
    about: str
    began: float
    ended: float
    amount: float = 1


@dataclass
class Report:
    """What there is to tell of one room, or of several together."""

    counted: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.findings

    def bad(self, column: str) -> float:
        return sum(finding.amount for finding in self.findings if finding.column == column)

    def add(self, other: "Report") -> None:
        self.counted.update(other.counted)
        self.findings += other.findings
