"""What the functions of the WebSocket API work with."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from functions.adapters.credentials import CredentialSource
from functions.adapters.kafka_tokens import KafkaTokens
from functions.adapters.redis_client import StateUnavailable, connect_to_rooms
from functions.adapters.room_answers import Rate
from functions.adapters.room_log import LogUnavailable, RoomLog
from functions.adapters.room_state import RoomState
from functions.adapters.word_list import Words
from functions.metrics import LOG_AWAY, SILENT, STATE_AWAY, Meter
from functions.settings import Settings

Clock = Callable[[], int]


def clock() -> int:
    """Now, in ms since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True)
class RoomParts:
    """The room's state, its log, and the rates at which a user may send to it."""

    state: RoomState
    log: RoomLog
    chat_rate: Rate
    other_rate: Rate
    words: Words
    clock: Clock = clock
    meter: Meter = SILENT

    def count_away(self, error: StateUnavailable | LogUnavailable) -> None:
        """Count that a server is away, where a client is told so and the function does not fail."""
        self.meter.emit({STATE_AWAY if isinstance(error, StateUnavailable) else LOG_AWAY: 1})


async def build(settings: Settings) -> RoomParts:
    """The parts as the settings say."""
    tokens = KafkaTokens(CredentialSource(os.environ), settings.aws_region)
    redis = connect_to_rooms(settings)
    return RoomParts(
        state=RoomState(redis, heartbeat_seconds=settings.heartbeat_seconds),
        words=Words(redis),
        meter=Meter(stage=settings.stage),
        log=RoomLog(
            bootstrap=settings.kafka_bootstrap,
            live_topic=settings.live_topic,
            save_topic=settings.save_topic,
            tokens=tokens if settings.kafka_auth == "iam" else None,
        ),
        chat_rate=Rate(burst=settings.chat_burst, per_second=settings.chat_per_second),
        other_rate=Rate(burst=settings.other_burst, per_second=settings.other_per_second),
    )
