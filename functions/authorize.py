"""Who opens a connection: asked before `$connect`, it puts the identity into the authorizer's context.

An authorizer can say 401, 403 and 500 only, so it leaves 400 to connect: a value that is there but malformed is let in
with the reason in the context, and refused there.
"""

import os
from typing import Any

from functions.aws_events.websocket import Handshake
from functions.rooms.identity import (
    SUBPROTOCOL,
    Identity,
    Malformed,
    parse_activity_id,
    parse_avatar,
    parse_cursor,
    parse_user_id,
    parse_username,
)

JsonObject = dict[str, Any]


class Unauthorized(Exception):
    """API Gateway refuses with 401 when the error's text is this very word."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: JsonObject, context: object) -> JsonObject:
    """An IAM policy with the identity in its context; raises Unauthorized when there is no identity."""
    handshake = Handshake.parse(event)
    # Tokens are not built yet, so in token mode nobody has one.
    if os.environ.get("AUTH_MODE", "token") != "open":
        raise Unauthorized
    if not handshake.query.get("activityId") or "username" not in handshake.query:
        raise Unauthorized
    try:
        identity = believe(handshake)
    except Malformed as malformed:
        return policy("unknown", handshake.method_arn, {"malformed": str(malformed)})
    return policy(identity.user_id, handshake.method_arn, identity.to_context())


def believe(handshake: Handshake) -> Identity:
    """The identity that the query claims; raises Malformed."""
    query = handshake.query
    username = parse_username(query["username"])
    if "since" in query:
        parse_cursor(query["since"])
    return Identity(
        activity_id=parse_activity_id(query["activityId"]),
        user_id=parse_user_id(query["userId"]) if "userId" in query else username,
        username=username,
        avatar=parse_avatar(query.get("avatar", "")),
        framing=SUBPROTOCOL if handshake.offers(SUBPROTOCOL) else "classic",
    )


def policy(principal: str, method_arn: str, context: dict[str, str]) -> JsonObject:
    """Let `principal` open this connection."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": method_arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
