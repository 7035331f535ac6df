from collections.abc import Callable
from pathlib import Path

import pytest

from local.servers.kafka_jars import KafkaUnavailable, fetch_jars, find_java, main

Program = Callable[[str, str], str]


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a shell script on a PATH that has nothing else but the system's shell tools."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    def program(name: str, script: str) -> str:
        path = programs / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return program


def test_without_java_it_says_so(on_path: Program) -> None:
    with pytest.raises(KafkaUnavailable, match="needs Java 17 or newer, and there is no java"):
        find_java()


def test_an_old_java_is_named(on_path: Program) -> None:
    on_path("java", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(KafkaUnavailable, match=r"Java 17.*openjdk version .11\.0\.2"):
        find_java()


def test_java_17_will_do(on_path: Program) -> None:
    java = on_path("java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    assert find_java() == java


async def test_without_maven_it_says_so(on_path: Program, tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailable, match="there is no mvn on PATH"):
        await fetch_jars(tmp_path / "cache")


async def test_what_maven_complains_of_is_passed_on_and_nothing_is_kept(on_path: Program, tmp_path: Path) -> None:
    on_path("mvn", "echo '[ERROR] Could not transfer artifact: Unknown host'; mkdir jars; exit 1")
    with pytest.raises(KafkaUnavailable, match="could not fetch Apache Kafka .*\n.*Unknown host"):
        await fetch_jars(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


async def test_the_jars_are_fetched_once(on_path: Program, tmp_path: Path) -> None:
    on_path("mvn", f"grep -q '<artifactId>kafka_2.13' pom.xml && echo x >>{tmp_path}/calls && mkdir jars")
    first = await fetch_jars(tmp_path / "cache")
    assert first.is_dir()
    assert await fetch_jars(tmp_path / "cache") == first
    assert (tmp_path / "calls").read_text() == "x\n"


def test_the_command_line_says_what_is_missing(on_path: Program, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 1
    assert capsys.readouterr().err.startswith("Apache Kafka needs Java 17")
