"""The samples by themselves. tests/story/page/test_client_samples.py runs them."""

import json
import re

from tests.client.judges import ROOT

EXAMPLES = ROOT / "client" / "examples"


def test_the_mini_programs_files_belong_together() -> None:
    sample = EXAMPLES / "weapp"
    described = {path: json.loads(path.read_text()) for path in sample.rglob("*.json")}
    (page,) = described[sample / "app.json"]["pages"]
    assert {path.suffix for path in (sample / page).parent.iterdir()} == {".js", ".json", ".wxml", ".wxss"}
    markup, code = ((sample / f"{page}{kind}").read_text() for kind in (".wxml", ".js"))
    data = re.search(r"data: \{(.*?)\},\n", code)
    assert data
    for name in re.findall(r"\{\{(\w+)", markup):
        assert name == "item" or f"{name}:" in data[1], name
    for handler in re.findall(r'bind\w+="(\w+)"', markup):
        assert re.search(rf"^  {handler}\(", code, re.MULTILINE), handler
    classes = set(re.findall(r'class="(\w+)"', markup))
    assert classes == set(re.findall(r"^\.(\w+)", (sample / f"{page}.wxss").read_text(), re.MULTILINE))
    assert described[sample / "project.config.json"]["setting"]["es6"] is True
