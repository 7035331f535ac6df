import json
import re
import shlex
from functools import partial
from pathlib import Path

import pytest

from tests.tools.wrong_arguments import said
from tools.__main__ import main

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "cost.md"
COMMAND = ".venv/bin/python -m tools "
EXAMPLES = re.findall(
    rf"```sh\n{re.escape(COMMAND)}(estimate[^`]*)\n```\n\n```text\n([^`]*)\n```", DOCUMENT.read_text()
)


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[f"{number}" for number in range(len(EXAMPLES))])
def test_what_the_document_shows_is_what_the_command_prints(
    command: str, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(command.replace("\\\n", " "))) == 0
    assert capsys.readouterr().out.rstrip("\n") == output


def test_the_document_shows_a_small_a_large_and_a_very_large_event() -> None:
    viewers = [re.findall(r"--viewers (\d+)", command)[0] for command, _ in EXAMPLES]
    assert set(viewers) == {"50", "5000", "50000", "500000"}


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--viewers", "100", "--hours", "10", "--chat-rate", "0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["event"]["viewers"] == 100
    assert told["by_use"] == pytest.approx(sum(line["by_use"] for line in told["bill"]))
    assert told["bounds"][0]["share"] == max(bound["share"] for bound in told["bounds"])


def test_what_cannot_be_meant_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (
        ["--hours", "1"],
        ["--viewers", "0", "--hours", "1"],
        ["--viewers", "5", "--hours", "1000"],
        ["--viewers", "5", "--hours", "1", "--chat-rate", "-1"],
        ["--viewers", "5", "--hours", "1", "--kafka", "rabbit"],
        ["--viewers", "5", "--hours", "1", "--slices", "33"],
    ):
        line = said(capsys, partial(main, ["estimate", *wrong]), wrong)
        assert line.startswith("python -m tools estimate: "), wrong
