"""The WebSocket API: viewers connect to it, and the relay POSTs to it."""

from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_s3 as s3
from constructs import Construct

from functions.manifest import STAGE
from infra.access_logs import LogsRole, log_requests
from infra.domain import add_domain
from infra.edge import Edge
from infra.stage.stage import Stage

# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
LOGGED = ("eventType", "connectionId", "messageId", "authorizer.status")

# Every frame is for `$default`. API Gateway takes the route whose key a message evaluates to, and a frame of a client
# evaluates to nothing that is a route's key, as all keys begin with a dollar sign and none ends like this.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
ROUTE = "${request.body.action}-frame"


class Gateway(Construct):
    """The API and its one stage, whose name is the path of the URL: `wss://…/websocket`.

    `url` is what clients connect to: CloudFront's address if the stage has a distribution. `connections_url` is always
    the API's own address, because CloudFront does not forward signed requests.
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        dual = stage.network.egress == "ipv6"
        self.api = apigateway.WebSocketApi(
            self,
            "Api",
            api_name=f"{Stack.of(self).stack_name}-websocket",
            description="Live rooms",
            route_selection_expression=ROUTE,
            # Without NAT the relay POSTs over IPv6. The API's name is the same.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-ip-address-type.html
            ip_address_type=apigateway.IpAddressType.DUAL_STACK if dual else None,
        )
        throttle = stage.throttles.websocket
        self._stage = api_stage = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=STAGE,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=throttle.per_second, burst_limit=throttle.burst),
        )
        if stage.edge.access_logs:
            log_requests(self, api_stage, LOGGED, stage=stage)
            if stage.edge.access_logs_role:
                # API Gateway refuses a WebSocket API's stage with logs while the account has no role for them.
                api_stage.node.add_dependency(LogsRole(self, "LogsRole"))
        edge = Edge(self, "Edge", origin=self.host, stage=stage) if stage.edge.distribution else None
        self.url: str = edge.url if edge else self._own_url(stage)
        self._edge = edge
        self._only_way = edge if stage.edge.only else None
        self._has_gallery = stage.gallery is not None
        # CloudFront's address for the pages and for what they call.
        self.page_url: str = edge.page_url if edge else ""
        self.page_bucket: s3.IBucket | None = edge.page_bucket.bucket if edge and edge.page_bucket else None
        self.connections_url: str = api_stage.callback_url

    def _own_url(self, stage: Stage) -> str:
        domain = stage.edge.websocket_domain
        if domain is None:
            url: str = self._stage.url
            return url
        add_domain(self, domain, api=self.api, api_stage=self._stage, path=STAGE, stage_name=STAGE)
        return f"wss://{domain.name}/{STAGE}"

    def add_route(self, key: str, **options: Any) -> None:
        """Add a route, which is there before the stage is."""
        self._stage.node.add_dependency(self.api.add_route(key, **options))

    @property
    def host(self) -> str:
        """The API's own host name."""
        return f"{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    @property
    def edge_secret_arn(self) -> str:
        """The ARN of the secret that requests carry if CloudFront is the only way in, else ""."""
        return self._only_way.secret_arn if self._only_way else ""

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs about the edge."""
        secret = {"EdgeSecretArn": self.edge_secret_arn} if self._only_way else {}
        return secret | ({"PageUrl": f"{self.page_url}/"} if self.page_bucket else {})

    def serve_api(self, host: str) -> str | None:
        """Let CloudFront serve the HTTP API of this host, to the pages or to all; returns the address to call, None if
        that is the API's own. Readers of the gallery call where its slots are."""
        if self._edge and (self._only_way or self.page_bucket or self._has_gallery):
            self._edge.serve_api(host)
        if self._edge and self._has_gallery:
            self._edge.serve_gallery(host)
        return self.page_url if self._only_way or self._has_gallery else None

    def connections_arn(self, method: str) -> str:
        """The ARN for `method` (POST, GET or DELETE) on every connection of the stage.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
        """
        name = f"{STAGE}/{method}/@connections/*"
        return Stack.of(self).format_arn(service="execute-api", resource=self.api.api_id, resource_name=name)
