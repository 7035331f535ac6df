"""The WebSocket API: where viewers connect, and where the relay POSTs to them."""

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from constructs import Construct

from functions.manifest import STAGE


class Gateway(Construct):
    """The API and its one stage. The stage's name is the path of the URL: `wss://…/websocket`."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.api = apigateway.WebSocketApi(self, "Api", description="Live rooms")
        stage = apigateway.WebSocketStage(self, "Stage", web_socket_api=self.api, stage_name=STAGE, auto_deploy=True)
        self.url: str = stage.url
        self.connections_url: str = stage.callback_url

    def connections_arn(self, method: str) -> str:
        """What IAM calls `method` (POST, GET or DELETE) on any connection of the stage.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
        """
        return Stack.of(self).format_arn(
            service="execute-api",
            resource=self.api.api_id,
            resource_name=f"{STAGE}/{method}/@connections/*",
        )
