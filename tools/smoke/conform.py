"""`smoke --conform`: what docs/emulator.md marks as observed or not known, asked of the address at hand.

Each row has what the emulator does. Against the emulator all rows are equal; against API Gateway a row that differs is
a line of docs/emulator.md to mend, and a part of `local/aws`.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tools.failure import Failure
from tools.smoke.options import SmokeOptions
from tools.smoke.probe import NotAsked, Probe
from tools.smoke.rows import ROWS, Row
from tools.token_source import TokenSource

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """`found` None: not asked, and `why`."""

    section: str
    behaviour: str
    emulator: str
    found: str | None
    why: str = ""

    @property
    def word(self) -> str:
        return "not asked" if self.found is None else "same" if self.found == self.emulator else "DIFFERS"


async def conform(options: SmokeOptions, source: TokenSource, lines: TextIO, rows: Sequence[Row] = ROWS) -> Outcome:
    """Ask every row; the outcome as JSON, `ok` if no row differs. Raises Failure if the record cannot be written."""
    probe = Probe(options, source)
    print(f"{options.url}, compared with docs/emulator.md", file=lines, flush=True)
    answers = []
    for row in rows:
        try:
            answer = Answer(row.section, row.behaviour, row.emulator, await row.ask(probe))
        except NotAsked as why:
            answer = Answer(row.section, row.behaviour, row.emulator, None, str(why))
        except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError) as error:
            answer = Answer(row.section, row.behaviour, row.emulator, None, f"no viewer came in: {error}")
        answers.append(answer)
        print(_line(answer), file=lines, flush=True)
    counts = {word: sum(one.word == word for one in answers) for word in ("same", "DIFFERS", "not asked")}
    print("\n" + ", ".join(f"{count} {word}" for word, count in counts.items()), file=lines, flush=True)
    outcome = {
        "ok": counts["DIFFERS"] == 0,
        "url": options.url,
        "region": options.region,
        "on": time.strftime("%Y-%m-%d", time.gmtime()),
        "rows": [{**asdict(one), "same": one.found == one.emulator} for one in answers],
    }
    if options.record:
        _write(Path(options.record), outcome, answers)
    return outcome


def _line(answer: Answer) -> str:
    head = f"{answer.word:<10} {answer.section}: {answer.behaviour}"
    if answer.found is None:
        return f"{head}  ({answer.why})"
    if answer.found == answer.emulator:
        return f"{head}  {answer.found}"
    return f"{head}\n{'':<11}emulator: {answer.emulator}\n{'':<11}AWS:      {answer.found}"


def _write(file: Path, outcome: Outcome, answers: Iterable[Answer]) -> None:
    """Rows in the columns of docs/emulator.md, or the outcome itself if the name ends in .json."""
    text = json.dumps(outcome, indent=2) if file.suffix == ".json" else _table(outcome, answers)
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None


def _table(outcome: Mapping[str, Any], answers: Iterable[Answer]) -> str:
    sure = f"seen on {outcome['on']} in {outcome['region']}"
    rows = [
        f"| {one.section}: {one.behaviour} | {_cell(one.found)} | {_here(one)} | {sure} |"
        for one in answers
        if one.found is not None
    ]
    head = ["| Behaviour | AWS | Here | How sure |", "|---|---|---|---|"]
    return "\n".join([f"# {outcome['url']}", "", *head, *rows])


def _here(answer: Answer) -> str:
    return "the same" if answer.found == answer.emulator else _cell(answer.emulator)


def _cell(text: str | None) -> str:
    return "`" + str(text).replace("|", "\\|") + "`"
