"""A function that never ends, in the way that its event names."""

import asyncio
import threading
import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    return globals()[event["way"]]()


def endless_loop() -> None:
    while True:
        pass


def endless_call_of_c_that_keeps_the_interpreter() -> None:
    sum(range(10**15))


def sleeping() -> None:
    time.sleep(600)


def deadlock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def thread_that_never_ends() -> None:
    thread = threading.Thread(target=sleeping)
    thread.start()
    thread.join()


def awaiting() -> None:
    asyncio.run(waits_for_a_reply())


async def waits_for_a_reply() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(never_answered(), name="the reply")


async def never_answered() -> None:
    await asyncio.Event().wait()


def catching_everything() -> None:
    while True:
        try:
            time.sleep(600)
        except BaseException:
            continue
