"""boto3 and one client, made while the module is imported, as functions that post with it do."""

import boto3

client = boto3.client(
    "apigatewaymanagementapi", endpoint_url="https://example.execute-api.us-east-1.amazonaws.com/stage"
)


def handler(event: object, context: object) -> None:
    """Never called."""
