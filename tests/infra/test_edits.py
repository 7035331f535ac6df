"""Every edit of a stage can be deployed: nothing is made anew under a name that is taken, and versions follow."""

import re
from typing import Any

import pytest

from tests.infra.edit_table import Templates, row
from tests.infra.edits import EDITS
from tests.infra.kinds import STAGES, merged
from tests.infra.synthesis import ROOT
from tests.infra.test_all_settings import SETTINGS

# Another account or Region is another stack. The protection is of the stack and not in its template.
OF_NO_TEMPLATE = ["account", "region", "protect"]
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text()


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("edits"))


def named(table: Any, setting: str) -> Any:
    for part in setting.split("."):
        table = (table or {}).get(part)
    return table


def test_every_setting_is_edited() -> None:
    edited = [setting for edit in EDITS.values() for setting in edit.settings]
    left = [name for name in SETTINGS if not any(f"{name}.".startswith(f"{one}.") for one in edited)]
    assert left == OF_NO_TEMPLATE
    assert [one for one in edited if not any(f"{name}.".startswith(f"{one}.") for name in SETTINGS)] == []


def test_an_edit_changes_the_settings_that_it_names() -> None:
    for name, edit in EDITS.items():
        before, after = (merged(STAGES["dev"], changed) for changed in (edit.before, edit.after))
        for setting in edit.settings:
            assert named(before, setting) != named(after, setting), (name, setting)


# Each takes a second. Every fourth is quick together, so the test itself and most of the stack are tried often.
EVERY_FOURTH = [
    pytest.param(name, marks=() if number % 4 == 0 else pytest.mark.long, id=name) for number, name in enumerate(EDITS)
]


@pytest.mark.parametrize("name", EVERY_FOURTH)
def test_an_edit_is_refused_by_nobody_and_the_document_tells_what_it_does(templates: Templates, name: str) -> None:
    done = templates.change(EDITS[name])
    assert done.refused == ()
    assert done.stale == ()
    assert not done.is_nothing
    assert row(name, EDITS[name], done) in DOCUMENT.splitlines()


def test_the_document_tells_of_no_other_edits() -> None:
    (section,) = re.findall(r"^\| Edit \| .*?\n\n", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert [line.split(" | ")[0].strip("| ") for line in section.splitlines()[2:] if line] == list(EDITS)
