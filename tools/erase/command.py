"""`python -m tools erase`: removes what is stored of a user over all rooms, or makes it nameless.

By the HTTP API, of the emulator on this machine or of a deployed stage; or in a deployed table itself, with AWS
credentials that may change it, for a stage whose API is out of reach. An erasure is complete a minute after it began at
the earliest. A command that broke off is given again.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from functions.adapters.dynamodb.eraser import Eraser
from functions.adapters.dynamodb.table import TableUnavailable
from functions.manifest import LIVE_TOPIC, SAVE_TOPIC, timeout_of
from functions.rooms.erasure import settled_ms
from functions.rooms.identity import Malformed, parse_user_id
from functions.rooms.leftovers import leftovers
from tools.address import address
from tools.export.command import deployed
from tools.failure import Failure
from tools.json_http import NobodyThere, NotHere, ask
from tools.parser import REGION, Parser, number, option
from tools.token_source import TokenSource, no_token, source_of

Answer = dict[str, Any]
# One step of the erasure; its answer is as that of the HTTP API.
Step = Callable[[], Awaitable[Answer]]

PLATFORM = {"activityId": None, "userId": "erase", "caps": ["admin"], "seconds": 900}
OTHERWISE = "name the secret of its token keys with --secret; --open is for a stage whose auth_mode is open"
# The API's function has 15, and a cold start.
ANSWER_SECONDS = 30
# Of the work in the table between two lines that tell how far it is.
TABLE_SECONDS = 10
TRIES = 5
COUNTS = ("removed", "nameless", "lifted")


@dataclass(frozen=True, kw_only=True)
class EraseOptions:
    """By the HTTP API at `api`, or in a deployed `table`."""

    user: str = option("the userId", metavar="ID")
    api: str = option(
        "the stack's PlatformApiUrl",
        address("http", "https"),
        shown="http://127.0.0.1:8000/api, or at PORT",
        group="where",
    )
    table: str | None = option("its ArchiveTable, without the API", default=None, metavar="NAME", group="where")
    secret: str | None = option("its TokenSecretArn, to sign a token with", default=None, metavar="ID", group="tokens")
    open: bool = option("the stage's auth_mode is open: no token", default=False, group="tokens")
    region: str = option("of the table or the secret", default="us-east-1")
    save_retention_hours: int = option(
        "with --table: the stage's kafka.save_retention_hours", number(int, 1, 87_600), 168, metavar="HOURS"
    )


@dataclass
class Done:
    """What all steps did together."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in COUNTS})
    last: Answer = field(default_factory=dict)

    def add(self, answer: Answer) -> None:
        self.last = answer
        for name in COUNTS:
            self.counts[name].update(answer.get(name, {}))


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Erase a user; raises Failure. Wrong arguments end the program with 2."""
    parser = Parser(
        "python -m tools erase",
        description="Remove what is stored of a user over all rooms, or make it nameless. It cannot be undone.",
        epilog="docs/operate.md tells what is removed, and what goes by itself. It takes a minute and a half.",
    )
    given = parser.given(EraseOptions, arguments, environment, REGION)
    if "api" not in given:
        given["api"] = f"http://{parser.emulator(environment)}/api"
    options = EraseOptions(**given)
    try:
        user_id = parse_user_id(options.user)
        if options.table:
            done = asyncio.run(_in_table(user_id, options, options.table))
        else:
            source = (
                no_token
                if options.open
                else source_of(options.api, options.secret, options.region, otherwise=OTHERWISE)
            )
            done = asyncio.run(_by_api(user_id, options.api.rstrip("/"), source))
    except Malformed as malformed:
        parser.refuse(malformed, {"userId": "--user"})
    except NotHere as wrong:
        parser.error(f"--api: {wrong}")
    except NobodyThere as nobody:
        raise Failure(f"{nobody}: start it with `make dev`, or name the stage's API with --api") from None
    except TableUnavailable as error:
        raise Failure(f"{error}; give the command again, it goes on where it was") from None
    tell(done, options)
    return 0


async def erase(step: Step, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Done:
    """Take steps until the erasure is complete."""
    done = Done()
    while not done.last.get("complete"):
        done.add(await step())
        if seconds := done.last["retryAfter"]:
            print(f"so far {_listed(done)}; waiting {seconds} s for what is under way", file=sys.stderr, flush=True)
            await sleep(seconds)
    return done


async def _in_table(user_id: str, options: EraseOptions, table: str) -> Done:
    client = deployed(options.region)
    eraser = Eraser(
        client,
        table,
        settled_ms=settled_ms(timeout_of("archive")),
        log_hours=options.save_retention_hours,
        clock=now,
    )
    try:
        return await erase(in_table(eraser, user_id))
    finally:
        await client.close()


def in_table(eraser: Eraser, user_id: str) -> Step:
    """Steps in the table itself."""

    async def step() -> Answer:
        outcome = await eraser.erase(user_id, seconds=TABLE_SECONDS)
        counts = {"removed": outcome.removed, "nameless": outcome.nameless}
        return {"complete": outcome.complete, "retryAfter": outcome.retry_after, **counts}

    return step


async def _by_api(user_id: str, api: str, source: TokenSource) -> Done:
    return await erase(by_api(user_id, api, source))


def by_api(user_id: str, api: str, source: TokenSource) -> Step:
    """Calls of the HTTP API, each made again a few times if a server is away. Raises NobodyThere, Failure."""

    async def step() -> Answer:
        token = await source(PLATFORM)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{api}/users/records?userId={quote(user_id, safe='')}"
        for last in (*[False] * (TRIES - 1), True):
            try:
                status, answer = await asyncio.to_thread(ask, "DELETE", url, headers=headers, seconds=ANSWER_SECONDS)
            except OSError as error:
                raise NobodyThere(api, getattr(error, "reason", error)) from None
            if status == 200 and "complete" in answer:
                return answer
            if status not in (429, 503) or last:
                told = answer.get("message") or "is that the API of the rooms?"
                raise Failure(f"{api} answers {status}: {told}")
            await asyncio.sleep(1)
        raise AssertionError

    return step


def tell(done: Done, options: EraseOptions) -> None:
    """What was done, and what goes by itself and when."""
    print(f"{options.user} is erased: {_listed(done)}")
    print("left, until it goes by itself:")
    for one in done.last.get("expiring", _expiring(options)):
        until = f"until {_date(one['until'])}" if one["until"] is not None else "until nobody knows when"
        print(f"  {one['where']}, {until}: {one['what']}")
    if options.table:
        print("  Redis, up to 30 days: mutes and bans in force, which only the HTTP API lifts")


def _expiring(options: EraseOptions) -> list[Answer]:
    hours = options.save_retention_hours
    found = leftovers(live_topic=LIVE_TOPIC, save_topic=SAVE_TOPIC, live_minutes=None, save_hours=hours, log_days=None)
    return [
        {"where": one.where, "what": one.what, "until": None if one.ms is None else now() + one.ms} for one in found
    ]


def _listed(done: Done) -> str:
    told = [
        f"{name} {', '.join(f'{count:,} {what}' for what, count in sorted(counts.items()))}"
        for name, counts in done.counts.items()
        if counts
    ]
    return "; ".join(told) or "nothing was stored"


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def now() -> int:
    """In ms since the epoch."""
    return time.time_ns() // 1_000_000
