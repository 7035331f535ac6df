"""The npm package: what is in it, its types, and that a project which has installed it can use it."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.client.judges import ROOT, module, node20
from tests.node import node

CLIENT, HERE = ROOT / "client", Path(__file__).parent / "package"
DESCRIBED = json.loads((CLIENT / "package.json").read_text())
STRICT = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"]


def run(*command: str | Path, cwd: Path, program: Path | None = None) -> str:
    """What a program of Node.js prints; AssertionError if it fails."""
    own, environment = node()
    ran = subprocess.run(
        [program or own, *command], cwd=cwd, env=environment, timeout=60, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def npm(*command: str, cwd: Path) -> Any:
    """What npm answers as JSON."""
    program = Path(node()[0])
    cli = next(
        one
        for one in (
            program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
            Path(shutil.which("npm") or "/").resolve(),
        )
        if one.is_file()
    )
    return json.loads(run(cli, *command, "--json", "--offline", "--no-audit", "--no-fund", cwd=cwd))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What npm says of the package that it has made."""
    folder = tmp_path_factory.mktemp("packed")
    (one,) = npm("pack", str(CLIENT), cwd=folder)
    return {**one, "path": folder / one["filename"]}


@pytest.fixture(scope="module")
def project(packed: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project that has installed the package."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    npm("install", str(packed["path"]), cwd=folder)
    assert sorted(one.name for one in (folder / "node_modules").iterdir() if one.name[0] != ".") == ["live-rooms"]
    return folder


def test_the_version_is_the_projects_and_the_license_is_its_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert DESCRIBED["version"] == project["version"]
    assert DESCRIBED["license"] == project["license"]
    assert (CLIENT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert f"## [{project['version']}]" in (CLIENT / "CHANGELOG.md").read_text()


def test_it_depends_on_nothing_and_runs_nothing_when_it_is_installed() -> None:
    for field in ("dependencies", "peerDependencies", "optionalDependencies", "scripts"):
        assert field not in DESCRIBED, field
    for name in ("live.js", "weapp.js"):
        assert "import " not in [line[:7] for line in (CLIENT / name).read_text().splitlines()], name


def test_the_package_has_what_it_exports_and_nothing_else(packed: dict[str, Any]) -> None:
    files = {one["path"] for one in packed["files"]}
    exported = {path.removeprefix("./") for one in DESCRIBED["exports"].values() for path in leaves(one)}
    assert files == exported | {"README.md", "LICENSE", "CHANGELOG.md"}
    assert files >= {DESCRIBED["main"].removeprefix("./"), DESCRIBED["types"].removeprefix("./")}


def leaves(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [path for one in value.values() for path in leaves(one)]


def test_the_types_are_those_that_typescript_makes_of_the_code(tmp_path: Path) -> None:
    run(module("typescript/bin/tsc"), "--project", CLIENT / "tsconfig.json", "--outDir", tmp_path, cwd=tmp_path)
    for name in ("live.d.ts", "weapp.d.ts"):
        assert (CLIENT / name).read_text() == (tmp_path / name).read_text(), f"make client-types: {name} is not current"


def test_an_application_in_typescript_is_checked_strictly(project: Path) -> None:
    shutil.copy(HERE / "sample.ts", project)
    run(module("typescript/bin/tsc"), *STRICT, "sample.ts", cwd=project)


def test_the_types_need_no_browser(project: Path) -> None:
    (project / "bare.ts").write_text('import { LiveRoom } from "live-rooms";\nexport const entered: LiveRoom[] = [];\n')
    run(module("typescript/bin/tsc"), *STRICT[:-1], "es2022", "bare.ts", cwd=project)


def test_wechats_own_typings_have_all_that_is_used_of_them(project: Path) -> None:
    (project / "mini.ts").write_text(
        'import { LiveRoom } from "live-rooms";\nimport { weapp } from "live-rooms/weapp";\n'
        'export const room = new LiveRoom({ url: "wss://example.com/websocket", ...weapp(wx) });\n'
    )
    typings = ["--typeRoots", str(module("miniprogram-api-typings").parent), "--types", "miniprogram-api-typings"]
    run(module("typescript/bin/tsc"), *STRICT[:-1], "es2022", "--skipLibCheck", *typings, "mini.ts", cwd=project)


def test_the_code_for_mini_programs_is_checked_strictly(tmp_path: Path) -> None:
    options = ["--allowJs", "--checkJs", "--noEmit", "--strict", "--module", "esnext", "--target", "es2022"]
    run(module("typescript/bin/tsc"), *options, "--lib", "es2022", CLIENT / "weapp.js", cwd=tmp_path)


def test_it_runs_in_a_project_that_has_installed_nothing_else(project: Path) -> None:
    shutil.copy(HERE / "viewer.mjs", project)
    ws = module("ws/wrapper.mjs")
    told = json.loads(run("viewer.mjs", ws, "global", cwd=project))
    assert {name: told[name] for name in ("seq", "textMessage", "reason", "weapp")} == EXPECTED


def test_it_runs_in_node_20_with_ws(project: Path) -> None:
    shutil.copy(HERE / "viewer.mjs", project)
    told = json.loads(run("viewer.mjs", module("ws/wrapper.mjs"), "ws", cwd=project, program=node20()))
    assert told.pop("node").startswith("20.")
    assert told == EXPECTED


EXPECTED = {"seq": 1, "textMessage": "hello", "reason": "banned", "weapp": "function"}
