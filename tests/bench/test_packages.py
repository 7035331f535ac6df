from pathlib import Path

from bench.packages import group, link

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_a_groups_packages_are_there_with_what_they_require_and_no_others(tmp_path: Path) -> None:
    link(group(PYPROJECT, "room"), tmp_path / "packages")
    linked = {path.name for path in (tmp_path / "packages").iterdir()}
    assert {"redis", "aiokafka", "packaging"} <= linked
    assert not {"boto3", "fastapi", "opentelemetry"} & linked
