"""What cdk.json tells the app: its `context`."""

import json
from pathlib import Path
from typing import Any

from infra.stage import StageError


def read_context(file: Path) -> dict[str, Any]:
    """The table `context` of cdk.json; raises StageError when there is none to be read."""
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
