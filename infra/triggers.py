"""What invokes the functions: the routes of the WebSocket API, and the schedule.

The mappings of topics are in mappings.py, the routes of the HTTP API in http_api.py.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_events_targets import LambdaFunction
from constructs import Construct

from functions.triggers import Authorizer, Route, Schedule
from infra.functions import Functions
from infra.gateway import Gateway
from infra.schedule import minutes


def route_events(*, gateway: Gateway, functions: Functions) -> None:
    """Send each kind of event to its function; for `$connect`, API Gateway asks the authorizer first.

    A route that replies is two-way: without a route response API Gateway drops what the function returns.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
    """
    ((authorize, trigger),) = functions.triggered_by(Authorizer)
    sources = list(trigger.identity_sources)
    authorizer = WebSocketLambdaAuthorizer("Authorizer", authorize.alias, identity_source=sources)
    for deployed, route in functions.triggered_by(Route):
        gateway.add_route(
            route.key,
            integration=WebSocketLambdaIntegration(deployed.name, deployed.alias),
            authorizer=authorizer if route.key == "$connect" else None,
            return_response=True if route.replies else None,
        )


class Sweep(Construct):
    """One EventBridge rule for each scheduled function; `check_schedules` has accepted the rates."""

    def __init__(self, scope: Construct, id: str, *, functions: Functions) -> None:
        super().__init__(scope, id)
        for deployed, schedule in functions.triggered_by(Schedule):
            events.Rule(
                self,
                deployed.name,
                schedule=events.Schedule.rate(Duration.minutes(minutes(schedule) or 0)),
                targets=[LambdaFunction(deployed.alias)],
            )
