import os
import shutil
from pathlib import Path

import pytest

from infra.packaging.node import MINIMUM, NodeError, major_version, provide_node


def fake_node(directory: Path, version: str) -> Path:
    directory.mkdir()
    node = directory / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    return node


def test_a_node_that_is_new_enough_is_left_where_it_is(tmp_path: Path) -> None:
    fake_node(tmp_path / "bin", f"v{MINIMUM}.1.0")
    environment = {"PATH": str(tmp_path / "bin")}
    provide_node(environment)
    assert environment == {"PATH": str(tmp_path / "bin")}


@pytest.mark.parametrize("version", [f"v{MINIMUM - 2}.20.2", "nonsense"])
def test_an_old_or_broken_node_gives_way_to_the_one_of_the_wheel(tmp_path: Path, version: str) -> None:
    old = fake_node(tmp_path / "bin", version)
    environment = {"PATH": str(old.parent)}
    provide_node(environment)
    first = shutil.which("node", path=environment["PATH"])
    assert first is not None
    assert Path(first) != old
    assert major_version(first) >= MINIMUM
    assert environment["PATH"].endswith(f"{os.pathsep}{old.parent}")


def test_no_node_at_all_is_said_with_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.packaging.node.find_spec", lambda name: None)
    with pytest.raises(NodeError, match=r"Node\.js 22 or newer is needed"):
        provide_node({"PATH": ""})
