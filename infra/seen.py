"""What is seen of a stage: its metrics on a dashboard, and alarms for those that somebody has to be told of."""

from constructs import Construct

from infra.alarms import Alarms
from infra.archive import Archive
from infra.dashboard import Dashboard
from infra.functions import Functions
from infra.gateway import Gateway
from infra.http_api import PlatformApi
from infra.mappings import Mappings
from infra.measures import Measures
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage import Stage


class Seen(Construct):
    """`topic_arn`: the SNS topic that tells of alarms."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        gateway: Gateway,
        platform_api: PlatformApi,
        rooms_cache: RoomsCache,
        room_log: RoomLog,
        archive: Archive,
        mappings: Mappings,
        functions: Functions,
        stage: Stage,
    ) -> None:
        super().__init__(scope, id)
        measures = Measures(
            gateway=gateway,
            platform_api=platform_api,
            rooms_cache=rooms_cache,
            room_log=room_log,
            archive=archive,
            stage=stage,
        )
        alarms = Alarms(
            self, "Alarms", measures=measures, functions=functions, mappings=mappings, archive=archive, stage=stage
        )
        Dashboard(
            self,
            "Dashboard",
            measures=measures,
            alarms=alarms,
            functions=functions,
            mappings=mappings,
            archive=archive,
            stage=stage,
        )
        self.topic_arn: str = alarms.topic.topic_arn
