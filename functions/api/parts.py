"""What the routes of the HTTP API work with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self, cast

from fastapi import Depends, Request

from functions.adapters.aws.connections import Connections
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.eraser import Eraser
from functions.adapters.dynamodb.reports import Reports
from functions.adapters.dynamodb.table import Table
from functions.adapters.dynamodb.user_items import UserItems
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.gallery_state import Beats, GalleryState
from functions.adapters.redis.kept_answers import KeptAnswers
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.properties_state import PropertiesState
from functions.adapters.redis.words import Words
from functions.adapters.tokens.token_keys import stage_keys
from functions.manifest import timeout_of
from functions.parts import Clients, Clock, RoomParts
from functions.rooms.erasure import settled_ms
from functions.rooms.leftovers import Leftover, leftovers
from functions.runtime.settings import Settings
from functions.usecases import admission
from functions.usecases.admission import Admission
from functions.usecases.placing import Everywhere, Gallery


@dataclass(frozen=True)
class ArchiveParts:
    """What was said in the rooms, for how long their users watched, and what their shows have come to; all that is
    stored of a user, and what erases it. `leftovers`: what goes by itself."""

    messages: ArchiveTable
    watched: WatchTotals
    reports: Reports
    users: UserItems
    eraser: Eraser
    leftovers: Sequence[Leftover]

    @classmethod
    def of(cls, dynamodb: DynamoDbApi, settings: Settings, clock: Clock) -> Self:
        """What is in one table, that of the settings."""
        name, hours = settings.table, settings.save_retention_hours
        settled = settled_ms(timeout_of("archive"))
        left = leftovers(
            live_topic=settings.live_topic,
            save_topic=settings.save_topic,
            live_minutes=settings.live_retention_minutes,
            save_hours=hours,
            log_days=settings.log_retention_days or None,
        )
        return cls(
            messages=ArchiveTable(dynamodb, name),
            watched=WatchTotals(dynamodb, name),
            reports=Reports(dynamodb, name),
            users=UserItems(Table(dynamodb, name)),
            eraser=Eraser(dynamodb, name, settled_ms=settled, log_hours=hours, clock=clock),
            leftovers=tuple(left),
        )


@dataclass(frozen=True, kw_only=True)
class ApiParts:
    """What the routes read and change. `answers`: of calls under a key. `shows_docs`: whether anybody may read the
    API's description. `gallery`: None if every viewer takes a seat."""

    room: RoomParts
    moderation: ModerationState
    rooms: AdmissionState
    properties: PropertiesState
    connections: Connections
    archive: ArchiveParts
    words: Words
    bans: PlatformBans
    admission: Admission
    answers: KeptAnswers
    shows_docs: bool
    gallery: Gallery | None = None


async def build(settings: Settings) -> ApiParts:
    """The parts as the settings say."""
    # One client, with one set of connections, for both. A list of who watched longest asks 64 things at once.
    clients, url = Clients(settings), os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "")
    dynamodb = DynamoDbApi(clients.credentials, region=settings.aws_region, url=url)
    return ApiParts(
        room=clients.room,
        moderation=ModerationState(clients.redis),
        rooms=AdmissionState(clients.redis, limits=clients.limits),
        properties=PropertiesState(clients.redis),
        connections=Connections(settings.connections_url, clients.credentials, region=settings.aws_region),
        words=Words(clients.redis),
        bans=PlatformBans(clients.redis),
        archive=ArchiveParts.of(dynamodb, settings, clients.room.clock),
        admission=await admission.build(settings),
        answers=KeptAnswers(clients.redis),
        shows_docs=settings.api_docs == "true",
        gallery=_gallery(settings, clients) if settings.gallery_from else None,
    )


def _gallery(settings: Settings, clients: Clients) -> Gallery:
    beats = Beats(least=settings.heartbeat_seconds, per_second=settings.gallery_beats_per_second)
    state = GalleryState(clients.redis, seats_before=settings.gallery_from, beats=beats, limits=clients.limits)
    return Gallery(
        state=state,
        keys=stage_keys(settings.gallery_secret, settings),
        everywhere=Everywhere(state, clients.room.clock),
    )


async def parts_of(request: Request) -> ApiParts:
    """The parts that came to the application with this request."""
    return cast(ApiParts, request.state.parts)


Parts = Annotated[ApiParts, Depends(parts_of)]
