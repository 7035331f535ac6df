"""What the routes of the HTTP API work with."""

import os
from dataclasses import dataclass
from typing import Annotated, Self, cast

from fastapi import Depends, Request

from functions.adapters.aws.connections import Connections
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.reports import Reports
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.properties_state import PropertiesState
from functions.adapters.redis.words import Words
from functions.parts import Clients, RoomParts
from functions.runtime.settings import Settings
from functions.usecases import admission
from functions.usecases.admission import Admission


@dataclass(frozen=True)
class ArchiveParts:
    """What was said in the rooms, for how long their users watched, and what their shows have come to."""

    messages: ArchiveTable
    watched: WatchTotals
    reports: Reports

    @classmethod
    def of(cls, dynamodb: DynamoDbApi, table: str) -> Self:
        """What is in one table."""
        return cls(ArchiveTable(dynamodb, table), WatchTotals(dynamodb, table), Reports(dynamodb, table))


@dataclass(frozen=True, kw_only=True)
class ApiParts:
    """What the routes read and change. `shows_docs`: whether anybody may read the API's description."""

    room: RoomParts
    moderation: ModerationState
    properties: PropertiesState
    connections: Connections
    archive: ArchiveParts
    words: Words
    bans: PlatformBans
    admission: Admission
    shows_docs: bool


async def build(settings: Settings) -> ApiParts:
    """The parts as the settings say."""
    # One client, with one set of connections, for both. A list of who watched longest asks 64 things at once.
    clients, url = Clients(settings), os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "")
    dynamodb = DynamoDbApi(clients.credentials, region=settings.aws_region, url=url)
    return ApiParts(
        room=clients.room,
        moderation=ModerationState(clients.redis),
        properties=PropertiesState(clients.redis),
        connections=Connections(settings.connections_url, clients.credentials, region=settings.aws_region),
        words=Words(clients.redis),
        bans=PlatformBans(clients.redis),
        archive=ArchiveParts.of(dynamodb, settings.table),
        admission=await admission.build(settings),
        shows_docs=settings.api_docs == "true",
    )


async def parts_of(request: Request) -> ApiParts:
    """The parts that came to the application with this request."""
    return cast(ApiParts, request.state.parts)


Parts = Annotated[ApiParts, Depends(parts_of)]
