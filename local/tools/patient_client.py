"""A DynamoDB client that waits when it is told that it asks too much."""

import random
import time
from collections.abc import Callable
from typing import Any

# A function has seconds for an answer, and fails fast; an export has all the time there is.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "InternalServerError"}
)


class PatientClient:
    """`client` is boto3's, which is asked again after each of `pauses`, with full jitter; its errors are raised."""

    def __init__(self, client: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def query(self, **request: Any) -> Any:
        """A page of items."""
        for pause in PAUSES:
            try:
                return self._client.query(**request)
            except Exception as error:
                if _code(error) not in THROTTLED:
                    raise
            self._sleep(random.uniform(0, pause))
        return self._client.query(**request)


def _code(error: Exception) -> str:
    """AWS's name for it, "" where the error is none of AWS's."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
