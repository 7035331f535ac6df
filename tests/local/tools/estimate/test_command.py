import json
import re
import shlex
from pathlib import Path

import pytest

from local.__main__ import main

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "cost.md"
COMMAND = ".venv/bin/python -m local "
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
    assert set(viewers) == {"50", "5000", "50000"}


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--viewers", "100", "--hours", "10", "--chat-rate", "0", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["event"]["viewers"] == 100
    assert said["by_use"] == pytest.approx(sum(line["by_use"] for line in said["bill"]))
    assert said["bounds"][0]["share"] == max(bound["share"] for bound in said["bounds"])


@pytest.mark.parametrize(
    "wrong",
    [
        ["--hours", "1"],
        ["--viewers", "0", "--hours", "1"],
        ["--viewers", "5", "--hours", "1000"],
        ["--viewers", "5", "--hours", "1", "--chat-rate", "-1"],
        ["--viewers", "5", "--hours", "1", "--kafka", "rabbit"],
        ["--viewers", "5", "--hours", "1", "--slices", "33"],
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["estimate", *wrong])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("python -m local estimate: ")
    assert said.count("\n") == 1
