"""The packages that a function is deployed with, and no others: what happens to be installed beside them must not be
imported in passing, as redis does with OpenTelemetry."""

import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def group(pyproject: Path, name: str) -> list[str]:
    """The requirements of a dependency group that includes no other."""
    found: list[str] = tomllib.loads(pyproject.read_text())["dependency-groups"][name]
    return found


def link(requirements: Iterable[str], directory: Path) -> None:
    """Fill a directory for PYTHONPATH with links to the packages, and to those that they require."""
    directory.mkdir()
    for name in _closure(requirements):
        found = distribution(name)
        for top in _tops(found):
            link = directory / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))))


def _closure(requirements: Iterable[str]) -> set[str]:
    names: set[str] = set()
    left = list(requirements)
    while left:
        requirement = Requirement(left.pop())
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in names:
            names.add(requirement.name)
            left += distribution(requirement.name).requires or ()
    return names


def _tops(found: Distribution) -> set[str]:
    """The files and directories of site-packages that are this package's."""
    return {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__", "bin")}
