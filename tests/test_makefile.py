"""make names a variable that it does not have, and tells a terminal what it does."""

import os
import pty
import re
import subprocess
from dataclasses import fields
from pathlib import Path

from functions.runtime.settings import Settings
from local.deployment import Deployment, Servers
from local.options import Options

ROOT = Path(__file__).parent.parent
TARGETS = (
    "help",
    "dev",
    "test",
    "test-long",
    "test-redis",
    "check",
    "synth",
    "package",
    "bench",
    "chaos",
    "kafka-real",
    "clean",
)


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What make would do."""
    command = ["make", "--dry-run", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )


def variables(name: str) -> set[str]:
    """The words of a variable of the Makefile."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    found = re.search(rf"^{name} := (.*)$", text, re.MULTILINE)
    assert found, name
    return set(found[1].split())


def test_a_variable_that_no_target_takes_is_named_with_the_nearest_one() -> None:
    for given, wanted in (
        ("PROT=1", "There is no variable PROT: did you mean PORT?"),
        ("WINDOWMS=5", "There is no variable WINDOWMS: did you mean WINDOW_MS?"),
        ("port=8100", "There is no variable port: did you mean PORT?"),
        ("CHAT_BRUST=9", "There is no variable CHAT_BRUST: did you mean CHAT_BURST?"),
        ("XYZZY=", "There is no variable XYZZY."),
    ):
        done = make("dev", given)
        assert (done.returncode, done.stdout) == (2, ""), given
        assert wanted in done.stderr, given
        assert done.stderr.count("\n") == 1, given


def test_every_target_names_it() -> None:
    for target in TARGETS:
        done = make(target, "STAG=prod")
        assert done.returncode == 2, target
        assert "There is no variable STAG: did you mean STAGE?" in done.stderr, target


def test_what_a_target_takes_and_what_is_other_programs_is_accepted() -> None:
    for given in (
        *("PORT=8100", "SLICES=2", "KAFKA=real", "STAGE=prod", "ARGS=-x", "CHAT_BURST=9", "LOG_LEVEL=INFO"),
        *("CI=true", "PYTHONWARNINGS=error", "UV_OFFLINE=1", "HTTPS_PROXY=http://127.0.0.1:9", "AWS_PROFILE=mine"),
    ):
        assert make("help", given).returncode == 0, given


def test_it_has_every_option_of_the_emulator_and_every_setting_that_the_environment_may_set() -> None:
    assert variables("SETTINGS") == {one.name.upper() for one in fields(Options)}
    servers = Servers(redis_url="redis://one", kafka_bootstrap="one", connections_url="http://one")
    given = {one.name.upper(): "given" for one in fields(Settings)}
    passed = {name for name, value in Deployment(Options(), servers, given).settings().items() if value == "given"}
    assert variables("OF_FUNCTIONS") == passed - {"AWS_REGION", "STAGE"}


def test_installing_shows_its_bars_on_a_terminal_alone() -> None:
    line = next(line for line in make("--always-make", ".venv/.local").stdout.splitlines() if "bin/uv sync" in line)
    asked = line.replace("bin/uv", "echo").partition("@")[2] or line.replace("bin/uv", "echo")
    quiet = subprocess.run(["sh", "-c", asked], capture_output=True, text=True, check=True)
    assert "--quiet" in quiet.stdout
    leader, terminal = pty.openpty()
    try:
        loud = subprocess.run(["sh", "-c", asked], stdout=subprocess.PIPE, stderr=terminal, text=True, check=True)
    finally:
        os.close(leader)
        os.close(terminal)
    assert "sync" in loud.stdout
    assert "--quiet" not in loud.stdout


def marked(*arguments: str) -> list[str]:
    """What each run of pytest that make would start says of markers."""
    lines = [line for line in make(*arguments).stdout.splitlines() if "-m tests.once_more" in line]
    return [" ".join(re.findall(r"-m (?!tests)(\"[^\"]+\"|\w+)", line)).strip('"') for line in lines]


def test_the_gate_leaves_out_the_long_tests_and_another_target_runs_them() -> None:
    assert marked("check") == ["not long"]
    assert marked("test-long") == ["long"]
    assert marked("test") == [""]
    assert marked("test", "KAFKA=real") == ["kafka and not long"]
    assert marked("test-long", "KAFKA=real") == ["kafka and long"]
    commands = (ROOT / ".ci/run").read_text().splitlines()
    assert commands[commands.index("run make check") + 1] == "run make test-long"
