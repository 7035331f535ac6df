"""The outcome of a bench: a table to read, figures for programs to compare, and the design's targets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

Cell = str | int | float


class BenchFailed(Exception):
    """A bench could not measure. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A figure of the design, with one limit: `least` or `most`. A value that could not be measured is infinite."""

    what: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the value is within the limit."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    def __str__(self) -> str:
        limit = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        return f"{'met   ' if self.met else 'MISSED'}  {self.what}: {show(self.value)} ({limit})"

    def to_json(self) -> dict[str, Any]:
        """For the file: the target, and whether it is met."""
        limit = {"least": self.least} if self.least is not None else {"most": self.most}
        return {"what": self.what, "value": self.value if isfinite(self.value) else None, **limit, "met": self.met}


@dataclass(frozen=True, kw_only=True)
class Result:
    """One bench's outcome. `figures` holds everything that was measured, keys in camelCase with their unit."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    figures: Mapping[str, Any]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        lines = [self.title, "", *table(self.columns, self.rows)]
        if self.targets:
            lines += ["", *map(str, self.targets)]
        if self.notes:
            lines += ["", *self.notes]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """For the file: all but the table."""
        targets = [target.to_json() for target in self.targets]
        return {"title": self.title, "figures": self.figures, "targets": targets, "notes": list(self.notes)}


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Aligned lines. Text is on the left of its column, a number on the right."""
    shown = [[show(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *shown, strict=True)]
    numeric = [all(not isinstance(row[index], str) for row in rows) for index in range(len(columns))]

    def line(texts: Sequence[str]) -> str:
        cells = zip(texts, widths, numeric, strict=True)
        return "  ".join(text.rjust(width) if right else text.ljust(width) for text, width, right in cells).rstrip()

    return [line(columns), line(["-" * width for width in widths]), *map(line, shown)]


def show(cell: Cell) -> str:
    """A cell as text. Measured values have three significant figures, whole numbers all digits."""
    if isinstance(cell, float):
        if not isfinite(cell):
            return "-"
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def write(path: Path, content: object) -> None:
    """Write JSON, making the directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
