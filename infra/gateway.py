"""The WebSocket API: where viewers connect, and where the relay POSTs to them."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from constructs import Construct

from functions.manifest import STAGE
from infra.access_logs import AccessLog, LogsRole
from infra.edge import Edge
from infra.stage import Stage

# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
LOGGED = ("eventType", "connectionId", "messageId", "authorizer.status")


class Gateway(Construct):
    """The API and its one stage. The stage's name is the path of the URL: `wss://…/websocket`.

    `url` is what clients connect to, at CloudFront where the stage has a distribution; `connections_url` is always
    the API's own address, as CloudFront hands on no signed requests.
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        dual = stage.network.egress == "ipv6"
        self.api = apigateway.WebSocketApi(
            self,
            "Api",
            description="Live rooms",
            # The relay POSTs over IPv6 where it has no NAT; the API's name is the same.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-ip-address-type.html
            ip_address_type=apigateway.IpAddressType.DUAL_STACK if dual else None,
        )
        throttle = stage.throttles.websocket
        deployed = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=STAGE,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=throttle.per_second, burst_limit=throttle.burst),
        )
        if stage.edge.access_logs:
            self._log(deployed, stage)
        edge = Edge(self, "Edge", origin=self.host, stage=stage) if stage.edge.distribution else None
        self.url: str = edge.url if edge else deployed.url
        self.connections_url: str = deployed.callback_url

    @property
    def host(self) -> str:
        """The API's own name."""
        return f"{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    def connections_arn(self, method: str) -> str:
        """What IAM calls `method` (POST, GET or DELETE) on any connection of the stage.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
        """
        return Stack.of(self).format_arn(
            service="execute-api",
            resource=self.api.api_id,
            resource_name=f"{STAGE}/{method}/@connections/*",
        )

    def _log(self, deployed: apigateway.WebSocketStage, stage: Stage) -> None:
        AccessLog(self, "AccessLog", stage=stage).written_by(deployed, LOGGED)
        if stage.edge.access_logs_role:
            # API Gateway refuses a WebSocket API's stage with logs while the account has no role for them.
            deployed.node.add_dependency(LogsRole(self, "LogsRole"))
