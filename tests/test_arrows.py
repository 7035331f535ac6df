"""Which part may import which: arrows point inwards."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from functions.manifest import FUNCTIONS, PAGES, TOPICS

ROOT = Path(__file__).parent.parent
OURS = ("functions", "local", "tools", "infra", "pages", "bench", "examples", "client", "tests", "app")

# What the modules below a path may import of the project, itself apart. The longest path that fits counts.
MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "functions": ("functions",),
    "functions/adapters": ("functions.rooms", "functions.runtime.settings", "functions.runtime.together"),
    "functions/aws_events": ("functions.rooms",),
    "functions/manifest.py": ("functions.triggers",),
    "functions/triggers.py": (),
    "functions/parts.py": ("functions.adapters", "functions.rooms", "functions.runtime"),
    # The function that fills the bucket has the site in its package.
    "functions/handlers/pages.py": ("functions.adapters.aws", "pages.site"),
    "functions/rooms": (),
    "functions/runtime": ("functions.manifest",),
    "functions/usecases": (
        "functions.adapters",
        "functions.aws_events",
        "functions.parts",
        "functions.rooms",
        "functions.runtime",
    ),
    "local": (
        "functions.manifest",
        "functions.triggers",
        "functions.rooms.identity",
        "functions.rooms.seats",
        "functions.runtime.metrics",
        "functions.runtime.settings",
        # Tokens are made on this machine as they are on AWS.
        "functions.adapters.aws.secrets",
        "functions.adapters.tokens",
        # The command line and its token orders are the same for the emulator and for the tools.
        "tools.event_loop",
        "tools.interruption",
        "tools.parser",
        "tools.token_order",
        # The emulator serves the files that a deployed stage does.
        "pages.site",
    ),
    "pages": (),
    "tools": (
        "functions.manifest",
        "functions.rooms",
        "functions.runtime.metrics",
        # Tokens are made on this machine as they are on AWS.
        "functions.adapters.aws.secrets",
        "functions.adapters.tokens",
        # The archive is read by the export as by the HTTP API, with the credentials that boto3 finds.
        "functions.adapters.aws.client",
        "functions.adapters.aws.credentials",
        "functions.adapters.dynamodb",
        # Readers of the load keep their connections as functions do.
        "functions.adapters.aws.http",
    ),
    "infra": (
        "functions.manifest",
        "functions.triggers",
        "functions.runtime.metrics",
        "functions.runtime.settings",
        "pages.site",
    ),
    "bench": ("functions", "local", "tools"),
    "examples": (),
    "client": (),
    "app.py": ("infra",),
}
STANDARD_LIBRARY_ONLY = (
    "functions/rooms",
    "functions/triggers.py",
    "functions/runtime/metrics.py",
    "functions/runtime/settings.py",
    "pages",
    "examples",
    "tests/chaos/checker.py",
    "tests/chaos/history.py",
    "tests/chaos/schedule.py",
    "tests/chaos/screens.py",
)
# Where a library is imported. Servers in local/servers, benches and tests may import all of them.
HOMES: Mapping[str, tuple[str, ...]] = {
    "redis": ("functions/adapters/redis",),
    "ahocorasick": ("functions/adapters/redis",),
    "aiokafka": (
        "functions/adapters/kafka",
        "local/aws/event_source_mapping.py",
        "local/aws/kafka_consumer.py",
        "local/aws/kafka_long_poll.py",
        "local/aws/kafka_sieve.py",
    ),
    "httptools": ("functions/adapters/aws", "local/aws/runtime_api.py"),
    "boto3": ("functions/adapters/aws",),
    "botocore": ("functions/adapters/aws",),
    "jwt": ("functions/adapters/tokens", "tools/provider_key.py"),
    "aws_cdk": ("infra", "app.py"),
    "constructs": ("infra", "app.py"),
}


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


@pytest.mark.parametrize(
    "top", ["functions", "local", "tools", "infra", "pages", "bench", "examples", "client", "app.py"]
)
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
    # The modules of these are no package of a folder: one is a file, and one is to be copied.
    assert found == set(OURS) - {"app", "client"}


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


@pytest.mark.parametrize("top", ["functions", "local", "tools", "infra", "pages", "app.py"])
def test_a_library_is_imported_where_it_is_at_home(top: str) -> None:
    wrong: list[str] = []
    for source in sources(top):
        path = source.relative_to(ROOT)
        if path.is_relative_to("local/servers"):
            continue
        libraries = {name.split(".")[0] for name in imported(source)} & HOMES.keys()
        strange = [name for name in libraries if not any(path.is_relative_to(home) for home in HOMES[name])]
        wrong.extend(f"{path} imports {name}" for name in strange)
    assert wrong == []


def test_there_are_ten_handlers_and_nothing_beside_them() -> None:
    names = {file.stem for file in (ROOT / "functions" / "handlers").iterdir() if file.name != "__pycache__"}
    rows = {
        row.handler.split(".")[2]
        for row in (*FUNCTIONS, TOPICS, PAGES)
        if row.handler.startswith("functions.handlers.")
    }
    assert names == rows
    assert len(names) == 10


@pytest.mark.parametrize("top", ["functions", "local", "tools", "infra", "pages", "bench", "tests/chaos", "app.py"])
def test_no_file_is_longer_than_250_lines(top: str) -> None:
    lengths = {str(source.relative_to(ROOT)): len(source.read_text().splitlines()) for source in sources(top)}
    assert {path: lines for path, lines in lengths.items() if lines > 250} == {}
