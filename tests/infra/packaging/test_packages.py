"""What functions are packaged with can be had for where they run, without a compiler and without Docker."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from functions.manifest import FUNCTIONS, packages_of
from tests.infra.synthesis import ROOT

LOCK = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
GROUPS = sorted({group for row in FUNCTIONS for group in packages_of(row, identity=True)})
FITS = re.compile(r"-(cp314-cp314|cp3\d+-abi3)-\S*manylinux_?2\S*_aarch64\S*\.whl$|-none-any\.whl$")


def locked(name: str) -> dict[str, Any]:
    """The one version that the lock file has of a package, for Python 3.14 on Linux."""
    (package,) = (one for one in LOCK if one["name"] == name)
    return dict(package)


def needed(group: str) -> Iterator[dict[str, Any]]:
    """The packages of a dependency group, and all that they need."""
    wanted = [one["name"] for one in locked("live-rooms")["dev-dependencies"][group]]
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            yield (package := locked(name))
            wanted += [one["name"] for one in package.get("dependencies", [])]


@pytest.mark.parametrize("group", GROUPS)
def test_every_package_of_a_group_has_a_wheel_for_python_314_on_arm64(group: str) -> None:
    without = {one["name"] for one in needed(group) if not any(FITS.search(wheel["url"]) for wheel in one["wheels"])}
    assert without == set()


def test_looking_for_words_and_at_tokens_takes_one_package_each() -> None:
    assert [one["name"] for one in needed("words")] == ["pyahocorasick"]
    assert [one["name"] for one in needed("tokens")] == ["pyjwt"]
