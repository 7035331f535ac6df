"""Packages, built by uv as `make package` builds them."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from functions.api import docs
from functions.manifest import FUNCTIONS, PAGES, TOPICS, Function, packages_of
from infra.packaging import build as module
from infra.packaging.build import LAMBDA, LEFT_OUT, OF_THE_TABLE, Package, PackagingError, Target, build
from pages import site
from tests.infra.synthesis import ROOT
from tools.provider_key import ProviderKey

pytestmark = pytest.mark.long

ROWS = {row.name: row for row in (*FUNCTIONS, TOPICS, PAGES)}
GROUPS = sorted({row.packages for row in ROWS.values() if not row.has_site})
# Those of a stage with an identity provider.
VERIFYING = sorted({packages_of(row, identity=True) for row in ROWS.values() if not row.has_site} - {*GROUPS})
# What uv says when it cannot reach the index, and what it wants is not in its cache.
OFFLINE = re.compile(r"error sending request|[Nn]etwork (connectivity is|was) disabled|dns error")
MEGABYTE = 1_000_000
# The runtime has boto3, and SnapStart's hooks.
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "snapshot_restore_py")


def this_machine() -> Target:
    """Where the tests run, in uv's words."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(os.uname().machine, os.uname().machine)
    system = {"darwin": "apple-darwin", "linux": "manylinux_2_28"}[sys.platform]
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", f"{machine}-{system}")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Package]:
    """Builds each package once; skips, and says so, where uv has no network and no cache."""
    directory = tmp_path_factory.mktemp("packages")

    def build_one(groups: tuple[str, ...], *, has_site: bool = False, target: Target = LAMBDA) -> Package:
        try:
            return build(groups, directory, has_site=has_site, target=target)
        except PackagingError as error:
            if OFFLINE.search(str(error)):
                pytest.skip(f"PACKAGES ARE NOT TESTED: uv is offline: {error}")
            raise

    return build_one


@pytest.fixture(scope="session")
def unpacked(built: Callable[..., Package], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Where the package of a function lies unpacked, as built for this machine."""
    places: dict[Path, Path] = {}

    def unpack(groups: tuple[str, ...], *, has_site: bool = False) -> Path:
        package = built(groups, has_site=has_site, target=this_machine()).path
        if package not in places:
            places[package] = tmp_path_factory.mktemp("unpacked")
            with zipfile.ZipFile(package) as archive:
                archive.extractall(places[package])
        return places[package]

    return unpack


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's Python has by itself, and nothing else that happens to be installed here."""
    directory = tmp_path_factory.mktemp("runtime")
    for place in map(Path, sys.path):
        for name in OF_THE_RUNTIME:
            for found in (place / name, place / f"{name}.py"):
                link = directory / found.name
                if found.exists() and not link.exists():
                    link.symlink_to(found)
    return directory


def entries(package: Package) -> Iterator[zipfile.ZipInfo]:
    with zipfile.ZipFile(package.path) as archive:
        yield from archive.infolist()


@pytest.mark.parametrize("name", ROWS)
def test_a_function_is_imported_and_built_in_a_bare_interpreter_with_its_own_package_alone(
    unpacked: Callable[..., Path], runtime: Path, name: str
) -> None:
    row = ROWS[name]
    build_alone(row, unpacked(row.packages, has_site=row.has_site), runtime)


@pytest.mark.parametrize("groups", VERIFYING, ids="-".join)
def test_with_an_identity_provider_a_function_that_verifies_tokens_reads_its_keys_with_its_own_package(
    unpacked: Callable[..., Path], runtime: Path, groups: tuple[str, ...]
) -> None:
    (row,) = (one for one in ROWS.values() if packages_of(one, identity=True) == groups)
    keys = ProviderKey.make(unpacked(groups).parent / f"{row.name}.pem").key_set()
    build_alone(
        row,
        unpacked(groups),
        runtime,
        f"""
from functions.adapters.tokens.provider_keys import parse_key_set
assert len(parse_key_set({keys!r})) == 1
""",
    )


def build_alone(row: Function, package: Path, runtime: Path, more: str = "") -> None:
    """Import a function and build its parts in an interpreter that has the package and Lambda's own modules alone."""
    module, _, attribute = row.handler.rpartition(".")
    code = f"""
import asyncio, importlib, sys
sys.path[:] = [{str(package)!r}, *sys.path, {str(runtime)!r}]
module = importlib.import_module({module!r})
assert callable(getattr(module, {attribute!r}))
# What is imported later: by a snapshot, by the first secret.
import urllib.request, boto3
from functions.runtime.settings import Settings
settings = Settings(redis_url="redis://127.0.0.1:1", kafka_bootstrap="127.0.0.1:1", kafka_auth="iam",
                    connections_url="http://127.0.0.1:1", token_secret="keys", table="table", failure_queue="http://q")
if hasattr(module, "build"):
    asyncio.run(module.build(settings))
{more}"""
    # No site-packages, no variables, no modules of this directory.
    command = [sys.executable, "-I", "-S", "-B", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=runtime)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("groups", [*GROUPS, *VERIFYING], ids="-".join)
def test_a_package_is_for_arm64_has_the_functions_at_its_root_and_nothing_that_nobody_reads(
    built: Callable[..., Package], groups: tuple[str, ...]
) -> None:
    names = [entry.filename for entry in entries(built(groups))]
    for source in (ROOT / "functions").rglob("*.*"):
        if source.suffix in (".py", ".lua"):
            of_table = any(map(source.is_relative_to, (ROOT / "functions" / name for name in OF_THE_TABLE)))
            is_left_out = "api" not in groups and ("api" in source.parts or ("room" in groups and of_table))
            assert (source.relative_to(ROOT).as_posix() in names) != is_left_out, source
    tops = Counter(name.partition("/")[0] for name in names)
    assert not {*LEFT_OUT, "bin", "tests"} & tops.keys()
    assert not [name for name in names if ".dist-info/" in name or "__pycache__" in name or name.endswith(".pyc")]
    native = [name for name in names if name.endswith(".so")]
    assert all("aarch64-linux" in name or ".abi3." in name for name in native)
    assert bool(native) == bool({"room", "post", "words", "api", "identity"} & set(groups))


def test_the_package_with_the_site_gives_a_bucket_what_this_tree_would(
    unpacked: Callable[..., Path], runtime: Path
) -> None:
    package = unpacked(PAGES.packages, has_site=True)
    build_alone(PAGES, package, runtime, f"assert module.site.fingerprint() == {site.fingerprint()!r}")


def test_the_package_of_the_api_has_all_parts_of_the_page_that_describes_it(unpacked: Callable[..., Path]) -> None:
    package = unpacked(ROWS["api"].packages)
    for name, place in {"index.html": docs.OWN, **docs.PLACES}.items():
        assert (package / place.replace(".", "/") / name).stat().st_size > 0, name


@pytest.mark.parametrize("groups", GROUPS, ids="-".join)
def test_a_package_is_small(built: Callable[..., Package], groups: tuple[str, ...]) -> None:
    # The platform's API has FastAPI and Pydantic, and no viewer waits for it.
    assert size(built(groups)) < (20 if "api" in groups else 9.5) * MEGABYTE


@pytest.mark.parametrize("groups", VERIFYING, ids="-".join)
def test_an_identity_provider_adds_no_more_to_a_package_than_the_decision_says(
    built: Callable[..., Package], groups: tuple[str, ...]
) -> None:
    without = tuple(group for group in groups if group != "identity")
    assert 0 < size(built(groups)) - size(built(without)) < 15.5 * MEGABYTE


def size(package: Package) -> int:
    """The bytes of all its files, unzipped."""
    return sum(entry.file_size for entry in entries(package))


def test_the_same_input_gives_the_same_bytes(built: Callable[..., Package], tmp_path: Path) -> None:
    first, again = built(("room",)), build(("room",), tmp_path)
    assert first.path != again.path
    assert (first.hash, first.path.read_bytes()) == (again.hash, again.path.read_bytes())


def test_what_is_built_already_is_not_built_again(built: Callable[..., Package]) -> None:
    first = built(("tokens",))
    before = first.path.stat().st_mtime_ns
    assert built(("tokens",)) == first
    assert first.path.stat().st_mtime_ns == before


def test_every_input_has_a_part_in_the_hash(tmp_path: Path) -> None:
    source = ROOT / "functions" / "runtime" / "entry.py"
    lambda_, here = module.LAMBDA, Target("3.12", "x86_64-manylinux_2_28")
    hashes = {
        module._hash(lambda_, "redis==1", [source]),
        module._hash(here, "redis==1", [source]),
        module._hash(lambda_, "redis==2", [source]),
        module._hash(lambda_, "redis==1", [source, source.with_name("settings.py")]),
    }
    assert len(hashes) == 4


def test_what_uv_says_is_what_is_said(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="nothing-of-ours"):
        build(("nothing-of-ours",), tmp_path)


@pytest.fixture(scope="session")
def packaged(built: Callable[..., Package], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of `python app.py --package`."""
    for groups in GROUPS:
        built(groups)  # skips where that cannot be done
    outdir = tmp_path_factory.mktemp("packaged")
    environment = {**os.environ, "STAGE": "dev", "CDK_OUTDIR": str(outdir)}
    command = [sys.executable, "app.py", "--package"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return outdir


def test_a_packaged_template_is_one_that_cdk_deploy_takes_as_it_is(packaged: Path) -> None:
    template = json.loads((packaged / "live-rooms-dev.template.json").read_text())
    # The CDK's own, which has a default.
    assert template["Parameters"].keys() == {"BootstrapVersion"}
    files = json.loads((packaged / "live-rooms-dev.assets.json").read_text())["files"]
    functions = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    for function in (one for one in functions if one["Handler"].startswith("functions.")):
        source = packaged / files[function["Code"]["S3Key"].removesuffix(".zip")]["source"]["path"]
        module = function["Handler"].rpartition(".")[0].replace(".", "/")
        with zipfile.ZipFile(source) as archive:
            assert {f"{module}.py", f"{module}/__init__.py"} & set(archive.namelist())


def test_what_did_not_change_has_the_name_it_had_and_is_not_uploaded_again(
    packaged: Path, built: Callable[..., Package]
) -> None:
    files = json.loads((packaged / "live-rooms-dev.assets.json").read_text())["files"]
    # The CDK makes its own hash of ours.
    assert {sha256(built(groups).hash.encode()).hexdigest() for groups in GROUPS} <= files.keys()
