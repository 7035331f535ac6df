"""Draws which faults come when: the same for the same seed, whatever happens in the run."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FUNCTIONS = ("message", "connect", "disconnect", "sweep", "relay", "archive", "api", "gallery")

# Name -> what happens; the word before the hyphen says what is done, the word behind it to what.
KINDS: dict[str, str] = {
    **{f"kill-{name}": f"kill -9 of a process of {name}, if possible in the middle of its work" for name in FUNCTIONS},
    **{f"freeze-{name}": f"SIGSTOP of such a process, SIGCONT after 1 to 10 s: {name}" for name in FUNCTIONS},
    "stall-kafka": "SIGSTOP of the broker, SIGCONT after 1 to 10 s",
    "cut-kafka": "the broker breaks all connections and refuses new ones for 1 to 10 s; the embedded broker alone",
    "restart-kafka": "kill -9 of the broker, and a new start on its records; Apache Kafka alone",
    "stall-redis": "SIGSTOP of the server, SIGCONT after 1 to 10 s",
    "cut-redis": "every connection to the server is broken, again and again for 1 to 10 s",
    "restart-redis": "the server is away for 1 to 10 s and comes back with its keys",
    "empty-redis": "FLUSHALL",
    "rollback-redis": "the server comes back with its keys as they were 1 to 10 s before",
    "throttled-posts": "the gateway refuses what the relay POSTs to some viewers (429), for 1 to 10 s",
    "late-posts": "the gateway delivers what the relay POSTs to some viewers and answers too late, for 1 to 10 s",
    "deaf-viewers": "some viewers stop reading for 1 to 10 s",
    "vanish-viewers": "some clients vanish and leave their connections half open, for 8 to 20 s",
    "drop-viewers": "some clients lose their TCP connections",
    "half-handshakes": "handshakes that stop in the middle, for 1 to 10 s",
    "ban-user": "a user is banned for 3 to 8 s",
    "kick-user": "a user is cut off",
}
# Where nobody reads in the gallery, its function has nothing to do.
OF_READERS = frozenset({"kill-gallery", "freeze-gallery"})
# The embedded broker keeps its records in memory, and Apache Kafka cannot refuse connections while it runs.
OF_ONE_KAFKA = {True: frozenset({"restart-kafka"}), False: frozenset({"cut-kafka"})}
LONGEST_SECONDS = 10.0

# The pauses between the begins of faults, and the least between two of one target.
PAUSE_SECONDS = (1.0, 5.0)
REST_SECONDS = 2.0
# Of a run's time the first part is calm, so that everybody is there when it begins.
CALM_SECONDS = 3.0

# A server is worth more faults than a function of which there are eight.
WEIGHTS = {"redis": 3.0, "kafka": 4.0, "relay": 2.0, "message": 2.0}
_SECONDS = {"vanish-viewers": (8.0, 20.0), "ban-user": (3.0, 8.0)}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A fault to come: `at` and `seconds` from the begin of the run. `dice` is the seed of its own draws."""

    kind: str
    at: float
    seconds: float
    dice: int

    @property
    def target(self) -> str:
        return self.kind.partition("-")[2]

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind} for {self.seconds:.1f} s"


def draw(seed: int, seconds: float, kinds: Iterable[str]) -> list[Planned]:
    """The faults of a run that lasts so long, in their order. No target has two at a time."""
    chosen = sorted(kinds)
    return list(_draw(random.Random(f"schedule {seed}"), seconds, chosen)) if chosen else []


def _draw(dice: random.Random, seconds: float, kinds: list[str]) -> Iterator[Planned]:
    at = CALM_SECONDS
    free: dict[str, float] = {}
    weights = [WEIGHTS.get(kind.partition("-")[2], 1.0) for kind in kinds]
    while True:
        # All of a step's draws are made, whether or not they are used: so a step does not depend on the one before.
        at += dice.uniform(*PAUSE_SECONDS)
        [kind] = dice.choices(kinds, weights)
        lasting = dice.uniform(*_SECONDS.get(kind, (1.0, LONGEST_SECONDS)))
        planned = Planned(kind=kind, at=round(at, 2), seconds=round(lasting, 2), dice=dice.getrandbits(32))
        if at + lasting > seconds:
            if at > seconds:
                return
            continue
        if free.get(planned.target, 0.0) <= at:
            free[planned.target] = at + lasting + REST_SECONDS
            yield planned


def chosen(only: str, *, real_kafka: bool, readers: bool = True) -> frozenset[str]:
    """The kinds that ONLY names, with commas between: "" all, "none" none. Raises ValueError for an unknown name."""
    possible = frozenset(KINDS) - OF_ONE_KAFKA[not real_kafka] - (frozenset() if readers else OF_READERS)
    if not only or only == "none":
        return frozenset() if only else possible
    names = frozenset(name.strip() for name in only.split(","))
    if unknown := sorted(names - possible):
        raise ValueError(f"there is no fault {unknown[0]!r}; there are {', '.join(sorted(possible))}")
    return names
