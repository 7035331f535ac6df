"""Which part may import which: arrows point inwards."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("functions", "local", "infra", "bench", "tests", "app")

# What the modules below a path may import of the project, itself apart. The longest path that fits counts.
MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "functions": ("functions",),
    "functions/adapters": ("functions.rooms", "functions.settings"),
    "functions/aws_events": ("functions.rooms",),
    "functions/rooms": (),
    "functions/manifest.py": (),
    "functions/metrics.py": (),
    "functions/settings.py": (),
    "local": (
        "functions.manifest",
        "functions.metrics",
        "functions.settings",
        "functions.rooms.seats",
        "functions.rooms.identity",
        # Tokens are made on this machine as they are on AWS.
        "functions.adapters.secrets",
        "functions.adapters.token_keys",
        "functions.adapters.tokens",
        # The archive is read by the tools as by the HTTP API.
        "functions.adapters.archive_table",
        "functions.adapters.dynamodb",
        "functions.rooms.archive",
        "functions.rooms.events",
    ),
    "infra": ("functions.manifest", "functions.metrics", "functions.settings"),
    "bench": ("functions", "local"),
    "app.py": ("infra",),
}
STANDARD_LIBRARY_ONLY = ("functions/rooms", "functions/manifest.py", "functions/metrics.py", "functions/settings.py")


def sources(below: str) -> list[Path]:
    path = ROOT / below
    return [path] if path.suffix else sorted(path.rglob("*.py"))


def imported(source: Path) -> Iterator[str]:
    """The dotted name of everything a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.relative_to(ROOT)}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def rule_of(source: Path) -> str:
    """The path in MAY_IMPORT whose rule a file is under."""
    path = source.relative_to(ROOT)
    return max((rule for rule in MAY_IMPORT if path.is_relative_to(rule)), key=len)


@pytest.mark.parametrize("top", ["functions", "local", "infra", "bench", "app.py"])
def test_a_part_imports_only_what_it_may(top: str) -> None:
    wrong = []
    for source in sources(top):
        rule = rule_of(source)
        allowed = (*MAY_IMPORT[rule], rule.replace("/", "."))
        for name in imported(source):
            ours = name.split(".")[0] in OURS and name != "functions"  # the bare package says where it is
            if ours and not any(is_below(name, package) for package in allowed):
                wrong.append(f"{source.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_every_top_directory_with_code_is_one_of_ours() -> None:
    found = {path.parent.name for path in ROOT.glob("[!.]*/*.py")}
    assert found == set(OURS) - {"app"}


@pytest.mark.parametrize("below", STANDARD_LIBRARY_ONLY)
def test_the_innermost_parts_import_nothing_but_the_standard_library(below: str) -> None:
    wrong = []
    for source in sources(below):
        for name in imported(source):
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names and top not in OURS:
                wrong.append(f"{source.relative_to(ROOT)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("below", MAY_IMPORT)
def test_there_is_something_under_every_rule(below: str) -> None:
    assert sources(below)
    assert all(source.exists() for source in sources(below))
