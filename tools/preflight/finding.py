"""What a check found."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from tools.preflight.account import Account
from tools.preflight.plan import Plan

Level = Literal["ok", "warning", "stop"]


@dataclass(frozen=True)
class Finding:
    """`stop`: the deployment would fail; `text` then says the way out. `warning`: it may fail, or nobody could tell."""

    level: Level
    name: str
    text: str


def ok(name: str, text: str) -> Finding:
    return Finding("ok", name, text)


def warning(name: str, text: str) -> Finding:
    return Finding("warning", name, text)


def stop(name: str, text: str) -> Finding:
    return Finding("stop", name, text)


# It asks about one thing. It returns nothing where the stage has no use for it.
Check = Callable[[Account, Plan], Awaitable[list[Finding]]]
