"""Reads the table `context` of cdk.json."""

import json
from pathlib import Path
from typing import Any

from infra.stage.stage import StageError


def read_context(file: Path) -> dict[str, Any]:
    """Raises StageError when the file or its table `context` is missing or invalid."""
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StageError(f"{file.name} cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise StageError(f"{file.name} is no JSON: {error}") from None
    context = read.get("context") if isinstance(read, dict) else None
    if not isinstance(context, dict):
        raise StageError(f"{file.name} has no table context")
    return context
