"""An EventBridge rule that invokes a function at a fixed rate.

Faithful: the event, and that a run which takes longer than the rate does not hold up the next. Different: a
failed run is logged, not retried (AWS tries an asynchronous invocation twice more).
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

import asyncio
import logging
import time
import uuid

from local.aws.environment_variables import ACCOUNT, DEFAULT_REGION
from local.aws.function import Invoke, JsonObject

logger = logging.getLogger(__name__)

MAX_UNDER_WAY = 4  # as many as a function has environments: more would only queue


def scheduled_event(rule: str, *, now: float, region: str = DEFAULT_REGION) -> JsonObject:
    """What a rule hands its target; `now` in seconds since the epoch."""
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


class Schedule:
    """Invokes `function` every `seconds`."""

    def __init__(self, *, function: str, seconds: float, invoke: Invoke, max_under_way: int = MAX_UNDER_WAY) -> None:
        if seconds <= 0:
            raise ValueError(f"a schedule of every {seconds} seconds")
        self._function = function
        self._seconds = seconds
        self._invoke = invoke
        self._max_under_way = max_under_way
        self._ticks: asyncio.Task[None] | None = None
        self._runs: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin; the first run is due after `seconds`."""
        self._ticks = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """No further run; those under way are no longer waited for."""
        tasks = {*self._runs, *([self._ticks] if self._ticks else [])}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._ticks = None

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self._seconds
            behind = loop.time() - due
            if behind > 0:  # a machine that slept: what was missed is not made up for
                due += (behind // self._seconds) * self._seconds
            await asyncio.sleep(due - loop.time())
            if len(self._runs) >= self._max_under_way:
                logger.warning("%s: skipped a run, %d are under way", self._function, len(self._runs))
                continue
            run = asyncio.create_task(self._run())
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

    async def _run(self) -> None:
        try:
            await self._invoke(self._function, scheduled_event(self._function, now=time.time()))
        except Exception as error:
            logger.warning("%s: the scheduled run failed: %s", self._function, error)
