"""The composition root: the clients of an execution environment, and what each function of the rooms works with."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.kafka.room_log import LogUnavailable, RoomLog
from functions.adapters.kafka.sign_in import KafkaTokens
from functions.adapters.redis.client import StateUnavailable, connect_to_rooms
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.review_state import ReviewState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.rooms.answers import Rate
from functions.rooms.cuts import Ended
from functions.rooms.limits import Limits
from functions.runtime.metrics import LOG_AWAY, SILENT, STATE_AWAY, Meter
from functions.runtime.settings import OnFailure, Settings

Clock = Callable[[], int]


def clock() -> int:
    """Now, in ms since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True)
class RoomParts:
    """The rooms' state and their log."""

    state: RoomState
    log: RoomLog
    clock: Clock = clock


@dataclass(frozen=True, kw_only=True)
class ConnectParts(RoomParts):
    """The list of words, the platform's bans, and what counts servers that are away."""

    words: Words
    bans: PlatformBans
    meter: Meter = SILENT

    def count_away(self, error: StateUnavailable | LogUnavailable) -> None:
        """Count that a server is away: the client is told so, and the function does not fail."""
        self.meter.emit({STATE_AWAY if isinstance(error, StateUnavailable) else LOG_AWAY: 1})


class Asked(Protocol):
    """A function that reviews chats."""

    async def ask(self, question: bytes) -> bytes:
        """What it answers, both as JSON. Raises ReviewFailed, in the time that a review may take."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """Who reviews a chat before it is shown, what was decided, and what holds if that fails."""

    function: Asked
    state: ReviewState
    on_failure: OnFailure


@dataclass(frozen=True, kw_only=True)
class MessageParts(ConnectParts):
    """The rates at which a user may send to a room, the review of chats if there is one, and the connections that are
    known to have ended."""

    chat_rate: Rate
    other_rate: Rate
    review: Review | None = None
    ended: Ended = field(default_factory=Ended)


class Clients:
    """The clients of one execution environment: one of Redis, one of Kafka, and the credentials that they share."""

    def __init__(self, settings: Settings) -> None:
        self.credentials = CredentialSource(os.environ)
        self.redis = connect_to_rooms(settings, self.credentials)
        self.limits = _limits(settings)
        tokens = KafkaTokens(self.credentials, settings.aws_region) if settings.kafka_auth == "iam" else None
        log = RoomLog(
            bootstrap=settings.kafka_bootstrap,
            live_topic=settings.live_topic,
            save_topic=settings.save_topic,
            tokens=tokens,
        )
        state = RoomState(self.redis, heartbeat_seconds=settings.heartbeat_seconds, limits=self.limits)
        self.room = RoomParts(state=state, log=log)
        self.meter = Meter(stage=settings.stage, slice=settings.slice)


def _limits(settings: Settings) -> Limits:
    return Limits(
        seats=settings.seats_per_user,
        joins=Rate(burst=settings.join_burst, per_second=settings.join_per_second),
        refusals=settings.flood_refusals,
        refusals_ms=settings.flood_seconds * 1000,
    )


async def disconnect_parts(settings: Settings) -> RoomParts:
    return Clients(settings).room


async def connect_parts(settings: Settings) -> ConnectParts:
    return _connect_parts(Clients(settings))


def _connect_parts(clients: Clients) -> ConnectParts:
    words, bans = Words(clients.redis), PlatformBans(clients.redis)
    return ConnectParts(**vars(clients.room), words=words, bans=bans, meter=clients.meter)


async def message_parts(settings: Settings) -> MessageParts:
    clients = Clients(settings)
    return MessageParts(
        **vars(_connect_parts(clients)),
        chat_rate=Rate(burst=settings.chat_burst, per_second=settings.chat_per_second),
        other_rate=Rate(burst=settings.other_burst, per_second=settings.other_per_second),
        review=_review(settings, clients) if settings.review_function_arn else None,
    )


def _review(settings: Settings, clients: Clients) -> Review:
    # Most stages have no review, and its client would make each of their cold starts longer.
    from functions.adapters.aws.review_function import ReviewFunction

    function = ReviewFunction(
        settings.review_function_arn,
        clients.credentials,
        seconds=settings.review_timeout_ms / 1000,
        url=os.environ.get("AWS_ENDPOINT_URL_LAMBDA", ""),
    )
    state = ReviewState(clients.redis, limits=clients.limits)
    return Review(function=function, state=state, on_failure=settings.review_on_failure)
