"""The HTTP API that the platform calls."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from functions.manifest import HttpRoutes
from infra.access_logs import AccessLog
from infra.functions import Functions
from infra.stage import Stage

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
LOGGED = ("httpMethod", "responseLength")
METHODS = (
    apigateway.CorsHttpMethod.DELETE,
    apigateway.CorsHttpMethod.GET,
    apigateway.CorsHttpMethod.PATCH,
    apigateway.CorsHttpMethod.POST,
    apigateway.CorsHttpMethod.PUT,
)


class PlatformApi(Construct):
    """Every method on the manifest's paths goes to its function, which tells calls and callers apart.

    Pages of the stage's origins may call it; where the stage names none, no page of another origin may.
    """

    def __init__(self, scope: Construct, id: str, *, functions: Functions, stage: Stage) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(
            self,
            "Api",
            description="Live rooms, for the platform",
            create_default_stage=False,
            cors_preflight=pages(stage.allowed_origins),
        )
        throttle = stage.throttles.http
        deployed = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=throttle.per_second, burst_limit=throttle.burst),
        )
        if stage.edge.access_logs:
            AccessLog(self, "AccessLog", stage=stage).written_by(deployed, LOGGED)
        for deployed_function, routes in functions.triggered_by(HttpRoutes):
            api.add_routes(
                path=routes.path,
                methods=[apigateway.HttpMethod.ANY],
                integration=HttpLambdaIntegration(deployed_function.name, deployed_function.alias),
            )
        self.api_id: str = api.api_id
        self.url: str = api.api_endpoint


def pages(origins: tuple[str, ...]) -> apigateway.CorsPreflightOptions | None:
    """Which pages' scripts may call: those of `origins`, with a token of their own. No cookies are looked at.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    # Apps have origins such as capacitor://localhost; of other schemes than these two AWS tells nothing.
    of_the_web = [origin.lower() for origin in origins if origin.lower().startswith(("http://", "https://"))]
    if not of_the_web:
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=of_the_web,
        allow_methods=list(METHODS),
        allow_headers=["authorization", "content-type"],
        max_age=Duration.hours(1),
    )
