"""The answer of a custom resource to CloudFormation, for a function that CloudFormation invokes itself.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

# CloudFormation takes an answer of 4,096 bytes, and a character may have four.
REASON_CHARACTERS = 700
ATTEMPTS = 4
ANSWER_SECONDS = 10.0

Put = Callable[[str, bytes], None]


def put(url: str, body: bytes) -> None:
    """PUT to the address that is in an event. Its signature is of a request without a content type."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": ""}, method="PUT")
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):
        pass


def answer(
    event: Mapping[str, Any],
    *,
    physical_id: str,
    error: str = "",
    put: Put = put,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Tell CloudFormation that the resource is as it was asked for, or the `error`. Raises OSError when the address
    does not answer."""
    body = {
        "Status": "FAILED" if error else "SUCCESS",
        "Reason": error[:REASON_CHARACTERS],
        "PhysicalResourceId": physical_id,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    for attempt in range(ATTEMPTS):
        try:
            put(event["ResponseURL"], json.dumps(body, ensure_ascii=False).encode())
        except OSError:
            if attempt == ATTEMPTS - 1:
                raise
            pause(2.0**attempt)
        else:
            return
