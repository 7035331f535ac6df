"""The documents: what they link to and name is there, and their lines are no longer than the code's."""

import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.test_arrows import HOMES
from tests.worked_example import steps

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md")])
LONGEST = 120

TOPS = ("bench", "client", "docs", "examples", "functions", "infra", "local", "pages", "tests", "tools")
KINDS = (".py", ".lua", ".js", ".mjs")
# This file alone names what is not there.
SOURCES = sorted(
    {path for pattern in ("*", *(f"{top}/**/*" for top in TOPS)) for path in ROOT.glob(pattern) if path.suffix in KINDS}
    - {Path(__file__)}
)

# A path below one of our folders, and the name of a source or a document, with or without its folder.
PATH = re.compile(rf"(?<![\w./~:@-])(?:{'|'.join(TOPS)})/[\w./*-]*[\w*/]")
NAME = re.compile(r"(?<![\w./~:@-])[\w/-]+\.(?:py|lua|md)\b(?!/)")
MODULE = re.compile(r"(?:python|PY\)) -m ([a-z_]+(?:\.[a-z_]+)*)")

EXPLAINED = re.compile(r'"""(?:.|\n)*?"""|#[^\n]*')

FENCE = re.compile(r"^ *```")
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$")


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside of code, with their numbers."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(text: str) -> set[str]:
    """What the headings are called in links: lower case, without punctuation, hyphens for spaces; a second: `…-1`."""
    seen: Counter[str] = Counter()
    found = set()
    for _, line in prose(text):
        if heading := HEADING.match(line):
            name = re.sub(r"[^\w\- ]", "", LINK.sub("]", heading[1]).lower()).replace(" ", "-")
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return found


def broken(document: Path) -> list[str]:
    """The relative links of a document that lead nowhere, each with its line's number."""
    return [
        f"{number}: {target}"
        for number, line in prose(document.read_text())
        for target in LINK.findall(line)
        if "://" not in target and not target.startswith("mailto:") and not leads_somewhere(document, target)
    ]


def leads_somewhere(document: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = document.parent / name if name else document
    return file.exists() and (not anchor or anchor in anchors(file.read_text()))


def too_long(text: str) -> list[str]:
    """The lines of prose that are too long, tables and addresses apart."""
    lines = ((number, LINK.sub("]", line)) for number, line in prose(text) if not line.lstrip().startswith("|"))
    return [f"{number}: {line[:60]}…" for number, line in lines if len(line) > LONGEST]


@cache
def files() -> frozenset[str]:
    """The paths of all files and folders of the tree, below its root, and of those that the worked example adds."""
    below = (path.relative_to(ROOT) for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file())
    # What Python has compiled outlives the folder that it was in.
    kept = [path for path in below if "__pycache__" not in path.parts]
    there = {path.as_posix() for file in kept for path in (file, *file.parents)}
    return frozenset(there | {path.name for path in ROOT.iterdir()} | {step.path for step in steps()})


@cache
def is_there(name: str) -> bool:
    """Whether a path, or a pattern of paths, is in the tree; a file may be named without its folder."""
    if "*" in name:
        return any(ROOT.glob(name))
    return name.rstrip("/") in files() or any(path.endswith(f"/{name}") for path in files())


def missing(text: str) -> list[str]:
    """The files that a text names and that are not in the tree."""
    return sorted({name for kind in (PATH, NAME) for name in kind.findall(text) if not is_there(name)})


def explanations(source: Path) -> str:
    """The comments and docstrings of a Python file, or the whole text of another."""
    text = source.read_text()
    return "\n".join(EXPLAINED.findall(text)) if source.suffix == ".py" else text


def test_every_file_that_a_document_names_is_there() -> None:
    found = {str(path.relative_to(ROOT)): missing(path.read_text()) for path in DOCUMENTS}
    assert {document: names for document, names in found.items() if names} == {}


def test_every_file_that_a_source_explains_itself_by_is_there() -> None:
    found = {str(path.relative_to(ROOT)): missing(explanations(path)) for path in SOURCES}
    assert {source: names for source, names in found.items() if names} == {}
    assert len(SOURCES) > 300


def test_every_module_that_a_document_runs_is_there() -> None:
    texts = {path: path.read_text() for path in (*DOCUMENTS, ROOT / "Makefile")}
    named = {(path.name, module) for path, text in texts.items() for module in MODULE.findall(text)}
    assert {(document, module) for document, module in named if not importlib.util.find_spec(module)} == set()
    assert {"local", "tools", "bench"} <= {module for _, module in named}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_document_lead_somewhere(document: Path) -> None:
    assert broken(document) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_of_a_document_are_not_too_long(document: Path) -> None:
    assert too_long(document.read_text()) == []


def test_what_is_wrong_with_a_document_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One `two`, three\n\n## Same\n\n## Same\n\n```\n# Code\n```\n")
    document = tmp_path / "document.md"
    document.write_text(
        "# Here\n[a](there.md#one-two-three) [b](there.md#same-1) [c](#here) [d](https://example.com/#none)\n"
        "[e](away.md) [f](there.md#code) [g](there.md#same-2) [h](#there)\n```\n[i](away.md)\n```\n"
    )
    assert broken(document) == ["3: away.md", "3: there.md#code", "3: there.md#same-2", "3: #there"]
    assert len(DOCUMENTS) > 20


def test_a_file_that_is_not_there_is_found_wherever_it_is_named(tmp_path: Path) -> None:
    wrong = "`local/tools`, functions/away.py; see test_away.py and rooms/away.py."
    right = "`local/aws`, infra/*.py, test_docs.py, rooms/events.py, https://example.com/docs/away.py, Node.js"
    assert missing(wrong) == ["functions/away.py", "local/tools", "rooms/away.py", "test_away.py"]
    assert missing(right) == []
    source = tmp_path / "source.py"
    source.write_text('"""See one.py."""\n\nNAME = "two.py"  # as in three.py\n')
    assert missing(explanations(source)) == ["one.py", "three.py"]


def test_the_house_rules_tell_where_each_library_is_at_home() -> None:
    rows = re.findall(r"^\| ([\w, ]+) \| (`[\w/.`, ]+`) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    homes = {library: tuple(re.findall(r"`(.+?)`", cell)) for names, cell in rows for library in names.split(", ")}
    assert homes == HOMES


def test_a_long_line_is_one_of_prose() -> None:
    words, address = "word " * 30, f"[AWS](https://example.com/{'a' * 120})"
    assert too_long(f"| {words} |\n{address}\n```\n{words}\n```\nshort\n") == []
    (said,) = too_long(f"short\n{words}\n")
    assert said.startswith("2: word")


def test_a_long_document_begins_with_its_contents() -> None:
    for name in ("operate.md", "upgrade.md", "develop.md"):
        text = (ROOT / "docs" / name).read_text()
        headings = [line.removeprefix("## ") for _, line in prose(text) if line.startswith("## ")]
        contents = re.findall(r"^- \[(.*?)\]\(#", text.partition("\n## ")[0], re.MULTILINE)
        assert contents == headings, name


def test_every_alarm_has_a_severity() -> None:
    text = (ROOT / "docs" / "operate.md").read_text().partition("\n## Alarms\n")[2].partition("\n## ")[0]
    sections = [line.removeprefix("### ") for _, line in prose(text) if line.startswith("### ")]
    rows = re.findall(r"^\| \[(.*?)\]\(#.*?\) \| (now|today|this week) \| .+ \|$", text, re.MULTILINE)
    assert [name for name, _ in rows] == sections
    assert len({severity for _, severity in rows}) == 3
