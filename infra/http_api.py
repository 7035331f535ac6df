"""The HTTP API that the platform calls."""

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from functions.manifest import HttpRoutes
from infra.functions import Functions


class PlatformApi(Construct):
    """Every method on the manifest's paths goes to its function, which tells calls and callers apart."""

    def __init__(self, scope: Construct, id: str, *, functions: Functions) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(self, "Api", description="Live rooms, for the platform")
        for deployed, routes in functions.triggered_by(HttpRoutes):
            api.add_routes(
                path=routes.path,
                methods=[apigateway.HttpMethod.ANY],
                integration=HttpLambdaIntegration(deployed.name, deployed.function),
            )
        self.url: str = api.api_endpoint
