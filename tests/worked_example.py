"""The worked example of docs/develop.md, as a tree takes it over: the files it adds, and what it changes in others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent / "docs" / "develop.md"
SECTION = re.compile(r"^## Add a function\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
# A paragraph that ends in the file's name, and then the file or its changes.
BLOCK = re.compile(r"`([\w./-]+)`:\n\n```(python|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """A new file."""

    path: str
    text: str

    def apply(self, root: Path) -> None:
        """Write the file below `root`; it may not be there yet."""
        file = root / self.path
        assert not file.exists(), f"{DOCUMENT.name} adds {self.path}, which is there"
        file.write_text(self.text)


@dataclass(frozen=True)
class Change:
    """Lines of a file before and after."""

    path: str
    before: str
    after: str

    @classmethod
    def read(cls, path: str, diff: str) -> "Change":
        """The change that a diff without line numbers describes."""
        lines = diff.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        return cls(path, before, "".join(line[1:] for line in lines if line[0] != "-"))

    def apply(self, root: Path) -> None:
        """Change the file below `root`, in which the lines must stand once."""
        file = root / self.path
        text = file.read_text()
        found = text.count(self.before)
        assert found == 1, f"{DOCUMENT.name} changes lines that {self.path} has {found} times:\n{self.before}"
        file.write_text(text.replace(self.before, self.after))


def steps() -> Iterator[File | Change]:
    """What the example does to the tree, in its order; the last two before and while it runs."""
    section = SECTION.search(DOCUMENT.read_text())
    assert section, f"{DOCUMENT} has no section about adding a function"
    for path, kind, text in BLOCK.findall(section[1]):
        if kind == "python":
            yield File(path, text)
        else:
            yield from (Change.read(path, change) for change in text.split("@@\n"))
