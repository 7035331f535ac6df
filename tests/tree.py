"""A copy of the tree, for tests that change files of it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_SOURCES = shutil.ignore_patterns(".*", "__pycache__", "cdk.out", "node_modules")


def copy_of_the_tree(folder: Path) -> Path:
    """All sources and documents, in a new folder `tree` below `folder`; returns that."""
    return Path(shutil.copytree(ROOT, folder / "tree", ignore=NOT_SOURCES))
