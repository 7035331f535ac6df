"""The HTTP API that the platform calls."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from functions.triggers import HttpRoutes
from infra.access_logs import log_requests
from infra.domain import add_domain
from infra.functions import Functions
from infra.gateway import Gateway
from infra.stage.limits import Throttle
from infra.stage.stage import Stage

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
LOGGED = ("httpMethod", "responseLength")
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class PlatformApi(Construct):
    """The API sends every method on the manifest's paths to the path's function, which routes and authorizes the calls.
    Moderators' routes, and that of viewers who are not let in, are routes of their own, since a throttle belongs to a
    route.

    Scripts of pages of the stage's origins may call the API. If the stage lists no origins, no cross-origin script may.
    """

    def __init__(self, scope: Construct, id: str, *, functions: Functions, gateway: Gateway, stage: Stage) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(
            self,
            "Api",
            api_name=f"{Stack.of(self).stack_name}-http",
            description="Live rooms, for the platform",
            create_default_stage=False,
            cors_preflight=cors(stage.allowed_origins),
        )
        throttle = stage.throttles.http
        api_stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=throttle.per_second, burst_limit=throttle.burst),
        )
        if stage.edge.access_logs:
            log_requests(self, api_stage, LOGGED, stage=stage)
        for deployed, routes in functions.triggered_by(HttpRoutes):
            integration = HttpLambdaIntegration(deployed.name, deployed.alias)
            apart = dict.fromkeys(routes.moderation, stage.throttles.moderation)
            apart |= dict.fromkeys(routes.viewers, throttle)
            for key in (f"ANY {routes.path}", *apart):
                method, path = key.split(" ")
                made = api.add_routes(path=path, methods=[apigateway.HttpMethod[method]], integration=integration)
                if key in apart:
                    throttle_apart(api_stage, key, made, apart[key])
        self.api_id: str = api.api_id
        self.url: str = gateway.serve_api(f"{api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}") or api.api_endpoint
        if domain := stage.edge.http_domain:
            add_domain(self, domain, api=api, api_stage=api_stage, path="", stage_name="$default")
            self.url = f"https://{domain.name}"


def throttle_apart(
    api_stage: apigateway.HttpStage, key: str, routes: Sequence[apigateway.HttpRoute], throttle: Throttle
) -> None:
    """Give a route a throttle of its own in the stage, in place of the stage's.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
    """
    # The CDK's own construct has no such property.
    stage = api_stage.node.default_child
    assert isinstance(stage, apigateway.CfnStage)
    limits = {"ThrottlingRateLimit": throttle.per_second, "ThrottlingBurstLimit": throttle.burst}
    stage.add_property_override(f"RouteSettings.{key}", limits)
    # API Gateway refuses a stage with settings of a route that is not there.
    api_stage.node.add_dependency(*routes)


def cors(origins: tuple[str, ...]) -> apigateway.CorsPreflightOptions | None:
    """The CORS settings that let scripts of `origins` call with a token. Cookies are not used.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    # Apps have origins such as capacitor://localhost. AWS documents no scheme but these two.
    web_origins = [origin.lower() for origin in origins if origin.lower().startswith(("http://", "https://"))]
    if not web_origins:
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=web_origins,
        allow_methods=[apigateway.CorsHttpMethod[method] for method in METHODS],
        allow_headers=["authorization", "content-type", "idempotency-key"],
        max_age=Duration.hours(1),
    )
