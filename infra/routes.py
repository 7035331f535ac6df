"""The routes of the WebSocket API, from the gateway to the functions."""

from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration

from functions.manifest import Authorizer, Route
from infra.functions import Functions
from infra.gateway import Gateway


def route_events(*, gateway: Gateway, functions: Functions) -> None:
    """Send each kind of event to its function, `$connect` past the authorizer.

    A route that replies is made two-way: without a route response what the function returns is dropped.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
    """
    ((asked, asks),) = functions.triggered_by(Authorizer)
    authorizer = WebSocketLambdaAuthorizer("Authorizer", asked.alias, identity_source=list(asks.identity_sources))
    for deployed, route in functions.triggered_by(Route):
        gateway.api.add_route(
            route.key,
            integration=WebSocketLambdaIntegration(deployed.name, deployed.alias),
            authorizer=authorizer if route.key == "$connect" else None,
            return_response=True if route.replies else None,
        )
