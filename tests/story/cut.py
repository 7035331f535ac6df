"""Connections that the platform cuts."""

import boto3

from local.deployment import CREDENTIALS


def cut(address: str, connection_id: str) -> None:
    """What the platform does to a connection: DELETE."""
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://{address}/websocket",
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
    )
    client.delete_connection(ConnectionId=connection_id)
