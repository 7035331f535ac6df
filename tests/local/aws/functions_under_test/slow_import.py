"""Takes longer to import than any test waits."""

import time
from typing import Any

time.sleep(600)


def handler(event: Any, context: Any) -> None:
    return None
