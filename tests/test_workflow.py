"""The workflow of GitHub Actions and what keeps its parts current."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"^\s*(?:- )?uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")


def read(file: Path) -> dict[str, Any]:
    """YAML takes the key `on` for a truth; it stands for itself here."""
    document: dict[Any, Any] = yaml.safe_load(file.read_text())
    return {("on" if key is True else key): value for key, value in document.items()}


@pytest.fixture
def deploy() -> dict[str, Any]:
    return read(GITHUB / "workflows" / "deploy.yml")


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    for file in WORKFLOWS:
        uses = [line for line in file.read_text().splitlines() if "uses:" in line]
        assert uses
        assert [line for line in uses if not PINNED.match(line)] == []


def test_a_job_has_no_more_rights_than_it_uses(deploy: dict[str, Any]) -> None:
    assert deploy["permissions"] == {"contents": "read"}
    rights = {name: job.get("permissions", {}) for name, job in deploy["jobs"].items()}
    assert rights == {
        "check": {},
        "diff": {"contents": "read", "pull-requests": "write"},
        "deploy": {"contents": "read", "id-token": "write"},
    }
    for job in deploy["jobs"].values():
        assert job["timeout-minutes"]
        checkouts = [one for one in job["steps"] if one.get("uses", "").startswith("actions/checkout@")]
        assert all(one["with"]["persist-credentials"] is False for one in checkouts)


def test_a_pull_request_is_checked_and_shows_its_difference_and_deploys_nothing(deploy: dict[str, Any]) -> None:
    assert "pull_request_target" not in deploy["on"]
    assert "make check" in commands(deploy["jobs"]["check"])
    diff = commands(deploy["jobs"]["diff"])
    assert diff.count("synth") == 2
    assert "gh pr comment" in diff
    assert deploy["jobs"]["deploy"]["if"].startswith("github.event_name == 'push'")
    assert deploy["on"]["push"] == {"branches": ["main"]}


def test_main_is_deployed_without_questions_and_tried_out(deploy: dict[str, Any]) -> None:
    job = deploy["jobs"]["deploy"]
    assert job["needs"] == "check"
    assert job["concurrency"]["cancel-in-progress"] is False
    run = commands(job)
    places = [run.index(word) for word in ("preflight", "package", "deploy --app cdk.out", "tools smoke")]
    assert places == sorted(places)
    assert "--require-approval never" in run
    credentials = next(one for one in job["steps"] if "configure-aws-credentials" in one.get("uses", ""))
    assert credentials["with"]["role-to-assume"] == "${{ vars.DEPLOY_ROLE_ARN }}"
    assert not any(name in text for text in texts(deploy) for name in ("secrets.", "aws-access-key-id"))


def test_what_a_stranger_writes_is_never_part_of_a_script(deploy: dict[str, Any]) -> None:
    for job in deploy["jobs"].values():
        assert "${{" not in commands(job)


def test_every_make_target_of_the_workflow_is_there(deploy: dict[str, Any]) -> None:
    targets = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {
        name for job in deploy["jobs"].values() for name in re.findall(r"\bmake (?:-C base )?([a-z-]+)", commands(job))
    }
    assert used <= targets
    assert {"check", "deploy-check", "synth", "package", "preflight"} <= used


def test_newer_versions_are_proposed_for_each_lock_file() -> None:
    updates = {one["package-ecosystem"]: one["directory"] for one in read(GITHUB / "dependabot.yml")["updates"]}
    assert updates == {"uv": "/", "npm": "/.github", "github-actions": "/"}
    assert (ROOT / "uv.lock").exists()
    package = json.loads((GITHUB / "package.json").read_text())
    locked = json.loads((GITHUB / "package-lock.json").read_text())["packages"]
    assert locked["node_modules/aws-cdk"]["version"] == package["devDependencies"]["aws-cdk"]
    for one in locked.values():
        assert one.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/")
