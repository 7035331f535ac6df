"""The authorizer: runs before `$connect`, and puts the identity of who connects into the connection's context.

An authorizer can answer 401, 403 and 500 only, so it leaves 400 to connect. A malformed handshake is let in with the
reason in its context, and connect refuses it.
"""

from typing import Literal

from functions.aws_events.websocket import Handshake
from functions.rooms.identity import Malformed
from functions.runtime.entry import Entry, JsonObject, Refusal
from functions.usecases.admission import Admission, NoIdentity, build


class Unauthorized(Refusal):
    """API Gateway refuses with 401 when the error's text is this very word."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


async def main(raw: JsonObject, admission: Admission) -> JsonObject:
    """An IAM policy with the identity in its context; raises Unauthorized when there is no identity."""
    handshake = Handshake.parse(raw)
    by_edge = await admission.edge.lets_in(handshake.headers)
    if not by_edge or not admission.allows(handshake.headers.get("origin", "")):
        return policy("unknown", handshake.method_arn, {}, effect="Deny")
    try:
        identity = await admission.identify(handshake)
    except Malformed as malformed:
        return policy("unknown", handshake.method_arn, {"malformed": str(malformed)})
    except NoIdentity:
        # The cause would be logged with it.
        raise Unauthorized from None
    return policy(identity.user_id, handshake.method_arn, identity.to_context())


def policy(
    principal: str, method_arn: str, context: dict[str, str], effect: Literal["Allow", "Deny"] = "Allow"
) -> JsonObject:
    """Let `principal` open this connection, or do not: that is a 403."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


handler = Entry("authorize", main, build, late_imports=["boto3"])
