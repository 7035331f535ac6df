"""The stack: the boxes of an event's way, in its order, and who may do what."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.archive import Archive
from infra.functions import Functions
from infra.gateway import Gateway
from infra.grants import (
    let_archive,
    let_cut_off,
    let_functions_in,
    let_look_up,
    let_mappings_ask,
    let_post,
    let_publish,
    let_read,
    let_read_keys,
    let_sign_in,
)
from infra.http_api import PlatformApi
from infra.mappings import Mappings
from infra.network import Network
from infra.packages import Packages
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.routes import route_events
from infra.seen import Seen
from infra.stage import Stage
from infra.sweep import Sweep
from infra.token_keys import TokenKeys


class LiveRooms(Stack):
    """Live rooms in one stack, bound to no account and no region.

    CloudFormation creates the topics through MSK's API, for which the role that deploys needs `kafka-cluster`
    actions: Connect, CreateTopic, DescribeTopic, AlterTopic and DeleteTopic.
    https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id, description="Live rooms: WebSocket chat rooms of a live stream")

        network = Network(self, "Network", stage=stage)
        gateway = Gateway(self, "Gateway", stage=stage)
        token_keys = TokenKeys(self, "TokenKeys")
        rooms_cache = RoomsCache(self, "RoomsCache", network=network, stage=stage)
        packages = Packages(self, "Packages")
        room_log = RoomLog(self, "RoomLog", network=network, packages=packages, stage=stage)
        archive = Archive(self, "Archive", stage=stage)
        functions = Functions(
            self,
            "Functions",
            network=network,
            packages=packages,
            gateway=gateway,
            rooms_cache=rooms_cache,
            room_log=room_log,
            token_keys=token_keys,
            archive=archive,
            stage=stage,
        )
        route_events(gateway=gateway, functions=functions)
        mappings = Mappings(self, "Mappings", functions=functions, room_log=room_log, archive=archive, stage=stage)
        Sweep(self, "Sweep", functions=functions)
        platform_api = PlatformApi(self, "PlatformApi", functions=functions, stage=stage)

        seen = Seen(
            self,
            "Seen",
            gateway=gateway,
            platform_api=platform_api,
            rooms_cache=rooms_cache,
            room_log=room_log,
            archive=archive,
            mappings=mappings,
            functions=functions,
            stage=stage,
        )

        let_functions_in(network=network, rooms_cache=rooms_cache, room_log=room_log)
        let_mappings_ask(network=network, room_log=room_log)
        let_sign_in(functions=functions, rooms_cache=rooms_cache)
        let_publish(functions=functions, room_log=room_log)
        let_read(functions=functions, room_log=room_log)
        let_post(functions=functions, gateway=gateway)
        let_cut_off(functions=functions, gateway=gateway)
        let_archive(functions=functions, archive=archive)
        let_look_up(functions=functions, archive=archive)
        let_read_keys(functions=functions, token_keys=token_keys)

        outputs = {
            "WebSocketUrl": gateway.url,
            "PlatformApiUrl": f"{platform_api.url}/api",
            "TokenSecretArn": token_keys.secret_arn,
            "ArchiveTable": archive.table.table_name,
            "ArchiveFailureQueueUrl": archive.failures.queue_url,
            "AlarmTopicArn": seen.topic_arn,
        }
        if mappings.failures:
            outputs["FailureQueueUrl"] = mappings.failures.queue_url
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
