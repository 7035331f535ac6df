"""The stack: its boxes in the order in which an event meets them, and who may do what."""

from aws_cdk import CfnOutput, Environment, Fn, Stack, Tags
from constructs import Construct

from infra import grants
from infra.archive import Archive
from infra.boxes import Boxes
from infra.functions import Functions
from infra.gallery_keys import GalleryKeys
from infra.gateway import Gateway
from infra.gradual import Gradual
from infra.http_api import PlatformApi
from infra.mappings import Mappings
from infra.network import Network
from infra.observability.measures import Measures
from infra.observability.observability import Observability
from infra.packaging.packages import Packages
from infra.pages import Pages
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage.china import is_in_china
from infra.stage.stage import Stage
from infra.token_keys import TokenKeys
from infra.triggers import Sweep, route_events

# Tags of these cannot change, or may make CloudFormation generate a secret again. Those of the stack itself are given
# to every resource.
UNTAGGED = ("AWS::MSK::ServerlessCluster", "AWS::SecretsManager::Secret", "aws:cdk:stack")


class LiveRooms(Stack):
    """Live rooms in one stack, bound to no account and no Region unless the stage names them.

    CloudFormation creates the topics through MSK's API. For that, the role that deploys needs these `kafka-cluster`
    actions: Connect, CreateTopic, DescribeTopic, AlterTopic and DeleteTopic.
    https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html
    """

    @property
    def availability_zones(self) -> list[str]:
        """The zones of a new VPC whose zones are not named, without asking the account for them."""
        return [Fn.select(number, Fn.get_azs()) for number in range(self._zones)]

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:  # noqa: PLR0915  it is one sentence
        super().__init__(
            scope,
            id,
            description="Live rooms: WebSocket chat rooms of a live stream",
            env=Environment(account=stage.account, region=stage.region),
            termination_protection=stage.protect,
        )
        self._zones = stage.zones
        _tag(self, stage)

        network = Network(self, "Network", stage=stage)
        gateway = Gateway(self, "Gateway", stage=stage)
        token_keys = TokenKeys(self, "TokenKeys", stage=stage)
        gallery_keys = GalleryKeys(self, "GalleryKeys", stage=stage)
        rooms_cache = RoomsCache(self, "RoomsCache", network=network, stage=stage)
        packages = Packages(self, "Packages")
        room_log = RoomLog(self, "RoomLog", network=network, packages=packages, stage=stage)
        archive = Archive(self, "Archive", stage=stage)
        boxes = Boxes(
            network=network,
            packages=packages,
            gateway=gateway,
            token_keys=token_keys,
            gallery_keys=gallery_keys,
            rooms_cache=rooms_cache,
            room_log=room_log,
            archive=archive,
        )
        functions = Functions(self, "Functions", boxes=boxes, stage=stage)
        route_events(gateway=gateway, functions=functions)
        mappings = Mappings(self, "Mappings", functions=functions, room_log=room_log, archive=archive, stage=stage)
        Sweep(self, "Sweep", functions=functions)
        platform_api = PlatformApi(self, "PlatformApi", functions=functions, gateway=gateway, stage=stage)
        Pages(self, "Pages", gateway=gateway, packages=packages, stage=stage)
        measures = Measures(boxes=boxes, functions=functions, mappings=mappings, api=platform_api, stage=stage)
        observability = Observability(self, "Observability", measures=measures)
        Gradual(self, "Gradual", functions=functions, alarms=observability.alarms, stage=stage)

        grants.let_functions_in(network=network, rooms_cache=rooms_cache, room_log=room_log)
        grants.let_mappings_ask(network=network, room_log=room_log)
        grants.let_sign_in(functions=functions, rooms_cache=rooms_cache)
        grants.let_publish(functions=functions, room_log=room_log)
        grants.let_read(functions=functions, room_log=room_log)
        grants.let_post_and_close(functions=functions, gateway=gateway)
        grants.let_review(functions=functions, network=network, stage=stage)
        grants.let_archive(functions=functions, archive=archive)
        grants.let_look_up(functions=functions, archive=archive)
        grants.let_read_keys(functions=functions, token_keys=token_keys, gallery_keys=gallery_keys, gateway=gateway)

        outputs = {
            "WebSocketUrl": gateway.url,
            "PlatformApiUrl": f"{platform_api.url}/api",
            "TokenSecretArn": token_keys.secret_arn,
            "ArchiveTable": archive.table.table_name,
            "ArchiveFailureQueueUrl": archive.failures.queue_url,
            "AlarmTopicArn": observability.topic_arn,
            **gateway.outputs,
            **({"FailureQueueUrl": mappings.failures.queue_url} if mappings.failures else {}),
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _tag(stack: Stack, stage: Stage) -> None:
    # https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html
    there = ["AWS::Lambda::EventSourceMapping"] if is_in_china(stage.region) else []
    for name, value in stage.tags.items():
        Tags.of(stack).add(name, value, exclude_resource_types=[*UNTAGGED, *there])
