"""Which version of the rooms this is."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def version() -> str:
    """The project's name and version, and Python's, as `live-rooms 0.1.0, Python 3.13.2`."""
    # Every command imports this file, and hardly one is asked for its version.
    import platform
    import tomllib

    project = tomllib.loads(PROJECT.read_text())["project"]
    return f"{project['name']} {project['version']}, Python {platform.python_version()}"
