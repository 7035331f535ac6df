"""Apache Kafka's jars, fetched once from Maven into a cache directory.

`python -m local.servers.kafka_jars` fetches them and prints the directory.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.servers.process import ServerFailed

KAFKA_VERSION = "3.9.1"
OLDEST_JAVA = 17
FETCH_SECONDS = 900.0
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>live.rooms</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


class KafkaUnavailable(ServerFailed):
    """Apache Kafka cannot run here; the message says what is missing: Java, Maven, or Maven's repository."""


def find_java() -> str:
    """The `java` of JAVA_HOME or PATH, 17 or newer; raises KafkaUnavailable."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home, "bin", "java")) if home else "java") or shutil.which("java")
    if java is None:
        raise KafkaUnavailable("Apache Kafka needs Java 17 or newer, and there is no java on PATH")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise KafkaUnavailable(f"Apache Kafka needs Java 17 or newer, and {java} says {said.splitlines()[:1]}")
    return java


async def fetch_jars(cache: Path | None = None) -> Path:
    """The directory with Kafka's jars, which are fetched if they are missing; raises KafkaUnavailable.

    `cache`: by default `live-rooms` in XDG_CACHE_HOME or ~/.cache.
    """
    cache = cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "live-rooms"
    jars = cache / f"kafka-{KAFKA_VERSION}"
    if jars.exists():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("Apache Kafka is fetched with Maven, and there is no mvn on PATH")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=cache) as directory:
        await _copy_dependencies(maven, Path(directory))
        try:
            Path(directory, "jars").rename(jars)  # atomic: never half of the jars
        except OSError:
            if not jars.exists():  # else: another process was faster
                raise
    return jars


async def _copy_dependencies(maven: str, directory: Path) -> None:
    (directory / "pom.xml").write_text(POM)
    process = await asyncio.create_subprocess_exec(
        *(maven, "--quiet", "--batch-mode", "-Dstyle.color=never", COPY),
        *("-DincludeScope=runtime", "-DoutputDirectory=jars"),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            output, _ = await process.communicate()
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise KafkaUnavailable(f"Maven did not fetch Apache Kafka within {FETCH_SECONDS:g} s") from None
        raise
    if process.returncode:
        first = "\n".join(output.decode(errors="replace").strip().splitlines()[:3])
        raise KafkaUnavailable(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}:\n{first}")


def main() -> int:
    try:
        find_java()
        print(asyncio.run(fetch_jars()))
    except KafkaUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
