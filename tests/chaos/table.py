"""The report of a run as text."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.chaos.history import Fault
from tests.chaos.report import BAD, COUNTED, Finding, Report

SHOWN = 5  # findings of a column that are told in full


def table(report: Report, seed: int) -> str:
    """One line for each column, and the seed."""
    width = max(map(len, (*BAD, *COUNTED)))
    lines = [f"  {name:{width}}  {report.counted[name]:8}" for name in COUNTED]
    lines += [f"{_mark(report.bad(name))} {name:{width}}  {report.bad(name):8g}" for name in BAD]
    return "\n".join([*lines, f"  {'seed':{width}}  {seed:8}"])


def _mark(amount: float) -> str:
    return "!" if amount else " "


def findings(report: Report, faults: Sequence[Fault], began: float) -> str:
    """The first findings of each column, one of each thing that they are about, with the time since `began` and the
    faults that were on."""
    lines = []
    for column in BAD:
        found = [one for one in report.findings if one.column == column]
        first = list({one.about: one for one in reversed(found)}.values())[::-1][:SHOWN]
        lines += [_line(one, faults, began) for one in first]
        if len(found) > len(first):
            lines.append(f"{column}: {len(found) - len(first)} more")
    return "\n".join(lines)


def _line(finding: Finding, faults: Sequence[Fault], began: float) -> str:
    on = [fault for fault in faults if fault.overlaps(finding.began, finding.ended)]
    during = ", ".join(f"{fault.name} {_span(fault.began, fault.ended, began)}" for fault in on) or "none"
    when = _span(finding.began, finding.ended, began)
    clock = datetime.fromtimestamp(finding.began, UTC).strftime("%H:%M:%S")
    return f"{finding.column}: {finding.text} [{when}, {clock} UTC; faults: {during}]"


def _span(one: float, other: float, began: float) -> str:
    return f"{one - began:.1f}-{other - began:.1f} s"
