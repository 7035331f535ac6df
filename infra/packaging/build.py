"""Builds the functions' packages with uv: zips of `functions/` and of what a set of dependency groups needs.

No Docker and no compiler: for every package the lock file has a wheel for Lambda's platform. uv downloads the wheels
that its cache lacks. The same input gives the same zip, byte for byte, and is not built again.
"""

import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.progress import tell
from pages import site

ROOT = Path(__file__).resolve().parents[2]

# Lambda's Python has these. https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
LEFT_OUT = ("boto3", "botocore", "s3transfer")
# No function reads these; none asks for the version of a package.
USELESS_DIRECTORIES = frozenset({"__pycache__", "bin", "docs", "examples", "test", "tests"})
USELESS_SUFFIXES = frozenset({".c", ".h", ".pxd", ".pyc", ".pyi", ".pyx", ".typed"})
# Packages import these on request only: commands of Redis modules, clients of several databases, the revocation of
# certificates, one of Kafka's ways to share partitions out, all of `packaging` but the order of versions, Pydantic as
# it was before version 2, tables for names of hosts beyond ASCII, Trio's event loop, plugins of mypy and pytest.
UNUSED = (
    *(f"redis/commands/{module}" for module in ("bf", "json", "search", "timeseries", "vectorset")),
    *(f"redis/{part}" for part in ("asyncio/http", "asyncio/multidb", "background.py", "http", "multidb", "ocsp.py")),
    "aiokafka/coordinator/assignors/sticky",
    "packaging/licenses",
    *(
        f"packaging/{module}.py"
        for module in (
            *("_elffile", "_manylinux", "_musllinux", "_parser", "_ranges", "_tokenizer", "dependency_groups"),
            *("direct_url", "markers", "metadata", "pylock", "ranges", "requirements", "specifiers", "tags", "utils"),
        )
    ),
    "pydantic/mypy.py",
    "pydantic/v1",
    "idna/uts46data.py",
    "anyio/_backends/_trio.py",
    "anyio/pytest_plugin.py",
)
# What stores and reads the table: no function of the rooms does.
OF_THE_TABLE = (
    *("adapters/dynamodb", "handlers/archive.py"),
    *(f"usecases/{module}.py" for module in ("archiver", "erasures", "overwrites", "repeats")),
    *(f"rooms/{module}.py" for module in ("archive", "deeds", "disclosure", "erasure", "leaders", "leftovers")),
    *(f"rooms/{module}.py" for module in ("minute_sums", "repeats", "report")),
)
# The oldest date that a zip can hold.
DATE = (1980, 1, 1, 0, 0, 0)


class PackagingError(Exception):
    """A package cannot be built. The message is uv's."""


@dataclass(frozen=True)
class Target:
    """The platform that packages run on, in uv's words."""

    python: str
    platform: str

    @property
    def options(self) -> list[str]:
        """uv's options for this platform."""
        return ["--python-version", self.python, "--python-platform", self.platform]


# Python 3.14 on arm64. Amazon Linux 2023 has a newer glibc than 2.28, which the wheels ask for.
# https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
LAMBDA = Target("3.14", "aarch64-manylinux_2_28")


@dataclass(frozen=True)
class Package:
    """A zip, and the hash of all its input."""

    path: Path
    hash: str


def build(groups: Sequence[str], directory: Path, *, has_site: bool = False, target: Target = LAMBDA) -> Package:
    """The package of these dependency groups in `directory`, built unless it is there already; raises PackagingError.
    With `has_site` it has the files of the pages too."""
    requirements = _requirements(groups) if groups else ""
    own = sorted([*_own(groups), *(_site() if has_site else ())])
    key = _hash(target, requirements, own)
    name = name_of(groups, has_site=has_site)
    package = Package(directory / f"{name}-{key[:16]}.zip", key)
    if not package.path.exists():
        tell(f"building the package {name}")
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as temporary:
            installed = Path(temporary, "installed")
            _install(requirements, installed, target)
            entries = {file.relative_to(ROOT): file for file in own}
            entries |= {file.relative_to(installed): file for file in _useful(installed)}
            _zip(entries, Path(temporary, "zip"))
            os.replace(Path(temporary, "zip"), package.path)
    return package


def name_of(groups: Sequence[str], *, has_site: bool = False) -> str:
    """The name of a package: its dependency groups, and `site` if it has that."""
    return "-".join([*groups, *(["site"] if has_site else [])]) or "plain"


def _requirements(groups: Sequence[str]) -> str:
    """Every package that the groups need, with the lock file's version and hashes."""
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
    # The list is complete. Wheels only: a package compiled here would run here only.
    what = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirements", str(listed)]
    _uv("pip", "install", *where, *what)


def _uv(*arguments: str) -> str:
    command = ["sh", str(ROOT / "bin" / "uv"), *arguments, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(done.stderr.strip() or f"uv ended with status {done.returncode}")
    return done.stdout


def _own(groups: Sequence[str]) -> Iterator[Path]:
    """The files of `functions/`: those of the HTTP API only where its dependencies are, too, and those of the table not
    where a room's are without these."""
    left_out = () if "api" in groups else ("api", *OF_THE_TABLE) if "room" in groups else ("api",)
    folders = [ROOT / "functions" / folder for folder in left_out]
    return (file for file in _files(ROOT / "functions") if not any(map(file.is_relative_to, folders)))


def _site() -> list[Path]:
    """The files that a bucket gets, and the module that says how."""
    modules = [ROOT / "pages" / name for name in ("__init__.py", "site.py")]
    return [*modules, *site.pages(ROOT).values(), *site.assets(ROOT).values()]


def _files(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*"):
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(directory).parts)
        if path.is_file() and not hidden:
            yield path


def _useful(directory: Path) -> Iterator[Path]:
    for file in _files(directory):
        path = file.relative_to(directory)
        useless = USELESS_DIRECTORIES.intersection(path.parts) or any(map(path.is_relative_to, UNUSED))
        if not useless and not path.parts[0].endswith(".dist-info") and path.suffix not in USELESS_SUFFIXES:
            yield file


def _hash(target: Target, requirements: str, files: Sequence[Path]) -> str:
    """The hash of all that decides what is in the zip. This file is part of it."""
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
