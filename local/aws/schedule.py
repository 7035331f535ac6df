"""An EventBridge rule that invokes a function at a fixed rate.

Faithful: the event; a run that takes longer than the rate does not delay the next one. Not faithful: a failed run is
logged and not retried (AWS retries an asynchronous invocation twice).
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

import asyncio
import logging
import time
import uuid

from local.aws.environment_variables import ACCOUNT, DEFAULT_REGION
from local.aws.function import Invoke, JsonObject

logger = logging.getLogger(__name__)

MAX_UNDER_WAY = 4  # a function has no more environments, so more runs would only queue


def scheduled_event(rule: str, *, now: float, region: str = DEFAULT_REGION) -> JsonObject:
    """The event that a rule passes to its target; `now` in seconds since the epoch."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


async def invoke_at_rate(function: str, *, seconds: float, invoke: Invoke, max_under_way: int = MAX_UNDER_WAY) -> None:
    """Invoke the function every `seconds`, first after `seconds`, until this is cancelled.

    A function that is running goes on then, but nobody waits for its result.
    """
    if seconds <= 0:
        raise ValueError(f"a schedule of every {seconds} seconds")
    loop = asyncio.get_running_loop()
    due = loop.time()
    under_way: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as runs:
        while True:
            due += seconds
            behind = loop.time() - due
            if behind > 0:  # the machine has slept: the missed runs are left out
                due += (behind // seconds) * seconds
            await asyncio.sleep(due - loop.time())
            if len(under_way) >= max_under_way:
                logger.warning("%s: skipped a run, %d are under way", function, len(under_way))
                continue
            run = runs.create_task(_run(function, invoke))
            under_way.add(run)
            run.add_done_callback(under_way.discard)


async def _run(function: str, invoke: Invoke) -> None:
    try:
        await invoke(function, scheduled_event(function, now=time.time()))
    except Exception as error:
        logger.warning("%s: the scheduled run failed: %s", function, error)
