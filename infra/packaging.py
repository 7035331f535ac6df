"""Builds what functions are packaged as: zips of `functions/` and what a set of dependency groups needs, made by uv.

No Docker and no compiler: the lock file has a wheel of everything for where the functions run. uv takes what it does
not have in its cache from the network. The same input gives the same zip, byte for byte, and is not built again.
"""

import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Lambda's Python has them. https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
LEFT_OUT = ("boto3", "botocore", "s3transfer")
# What no function reads: none asks for a version of what it is packaged with.
USELESS_DIRECTORIES = frozenset({"__pycache__", "bin", "docs", "examples", "test", "tests"})
USELESS_SUFFIXES = frozenset({".c", ".h", ".pxd", ".pyc", ".pyi", ".pyx", ".typed"})
# The oldest that a zip can tell.
DATE = (1980, 1, 1, 0, 0, 0)


class PackagingError(Exception):
    """A package cannot be built; the message is uv's."""


@dataclass(frozen=True)
class Target:
    """Where packages run, in uv's words."""

    python: str
    platform: str

    @property
    def options(self) -> list[str]:
        """What uv is told."""
        return ["--python-version", self.python, "--python-platform", self.platform]


# Python 3.14 on arm64. Amazon Linux 2023 has a newer glibc than 2.28, which the wheels ask for.
# https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
LAMBDA = Target("3.14", "aarch64-manylinux_2_28")


@dataclass(frozen=True)
class Package:
    """A zip, and the hash of all that it was made of."""

    path: Path
    hash: str


def build(groups: Sequence[str], directory: Path, *, target: Target = LAMBDA) -> Package:
    """The package of these dependency groups in `directory`, built unless it is there already; raises
    PackagingError."""
    requirements = _requirements(groups) if groups else ""
    own = sorted(_files(ROOT / "functions"))
    key = _hash(target, requirements, own)
    package = Package(directory / f"{name_of(groups)}-{key[:16]}.zip", key)
    if not package.path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as temporary:
            installed = Path(temporary, "installed")
            _install(requirements, installed, target)
            entries = {file.relative_to(ROOT): file for file in own}
            entries |= {file.relative_to(installed): file for file in _useful(installed)}
            _zip(entries, Path(temporary, "zip"))
            os.replace(Path(temporary, "zip"), package.path)
    return package


def name_of(groups: Sequence[str]) -> str:
    """What a set of dependency groups is called."""
    return "-".join(groups) or "plain"


def _requirements(groups: Sequence[str]) -> str:
    """Every package that the groups need, with its version and the hashes of its files, out of the lock file."""
    options = [option for group in groups for option in ("--only-group", group)]
    options += [option for name in LEFT_OUT for option in ("--no-emit-package", name)]
    return _uv("export", "--locked", "--no-emit-project", "--no-header", "--no-annotate", *options)


def _install(requirements: str, directory: Path, target: Target) -> None:
    directory.mkdir()
    if not requirements.strip():
        return
    listed = directory.with_name("requirements.txt")
    listed.write_text(requirements)
    where = ["--target", str(directory), "--link-mode", "copy", *target.options]
    # The list is complete, and wheels only: what would have to be compiled could be compiled here for here only.
    what = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirements", str(listed)]
    _uv("pip", "install", *where, *what)


def _uv(*arguments: str) -> str:
    command = ["sh", str(ROOT / "bin" / "uv"), *arguments, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(done.stderr.strip() or f"uv ended with status {done.returncode}")
    return done.stdout


def _files(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*"):
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(directory).parts)
        if path.is_file() and not hidden:
            yield path


def _useful(directory: Path) -> Iterator[Path]:
    for file in _files(directory):
        *parents, _ = file.relative_to(directory).parts
        useless = USELESS_DIRECTORIES.intersection(parents) or any(name.endswith(".dist-info") for name in parents)
        if not useless and file.suffix not in USELESS_SUFFIXES:
            yield file


def _hash(target: Target, requirements: str, files: Sequence[Path]) -> str:
    """Of all that decides what is in the zip, this file among it."""
    digest = hashlib.sha256(f"{target}\n{requirements}\n".encode())
    for file in (Path(__file__), *files):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _zip(entries: dict[Path, Path], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(entries, key=Path.as_posix):
            entry = zipfile.ZipInfo(name.as_posix(), DATE)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, entries[name].read_bytes(), zipfile.ZIP_DEFLATED)
