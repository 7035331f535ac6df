"""The documents: what they link to is there, and their lines are no longer than the code's."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md")])
LONGEST = 120

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


def test_a_long_line_is_one_of_prose() -> None:
    words, address = "word " * 30, f"[AWS](https://example.com/{'a' * 120})"
    assert too_long(f"| {words} |\n{address}\n```\n{words}\n```\nshort\n") == []
    (said,) = too_long(f"short\n{words}\n")
    assert said.startswith("2: word")
