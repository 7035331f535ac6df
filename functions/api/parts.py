"""What the routes of the HTTP API work with; made with the first request and kept."""

import os
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from functions.adapters.archive_table import ArchiveTable
from functions.adapters.connections import Connections
from functions.adapters.credentials import CredentialSource
from functions.adapters.dynamodb_api import DynamoDbApi
from functions.adapters.moderation_state import ModerationState
from functions.adapters.redis_client import connect_to_rooms
from functions.adapters.watch_totals import WatchTotals
from functions.parts import RoomParts, build
from functions.settings import Settings


@dataclass(frozen=True)
class ApiParts:
    """The rooms, what moderators change in them, and the connections of their viewers."""

    room: RoomParts
    moderation: ModerationState
    connections: Connections


_built: list[ApiParts] = []


async def api_parts() -> ApiParts:
    """The parts as the environment's settings say; a test overrides this dependency."""
    if not _built:
        settings = Settings.from_environment(os.environ)
        connections = Connections(settings.connections_url, CredentialSource(os.environ), region=settings.aws_region)
        moderation = ModerationState(connect_to_rooms(settings))
        _built.append(ApiParts(await build(settings), moderation, connections))
    return _built[0]


Parts = Annotated[ApiParts, Depends(api_parts)]


@dataclass(frozen=True)
class ArchiveParts:
    """What was said in the rooms, and for how long their users watched."""

    messages: ArchiveTable
    watched: WatchTotals


_built_archive: list[ArchiveParts] = []


async def archive_parts() -> ArchiveParts:
    """The parts as the environment's settings say; a test overrides this dependency."""
    if not _built_archive:
        settings = Settings.from_environment(os.environ)
        # One client, with one set of connections, for both. A list of who watched longest asks 64 things at once.
        client = DynamoDbApi.of_environment(os.environ, region=settings.aws_region)
        watched = WatchTotals(client, settings.table, archive_days=settings.archive_days)
        _built_archive.append(ArchiveParts(ArchiveTable(client, settings.table), watched))
    return _built_archive[0]


Archive = Annotated[ArchiveParts, Depends(archive_parts)]
