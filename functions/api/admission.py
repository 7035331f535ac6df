"""Whether somebody would be let into a room, and if not, why.

Browsers hide the status with which a handshake was refused. So a page asks here afterwards. The checks are those of the
handshake, in its order. No seat is taken, and no join is paid for: who asks here uses nothing up.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from functions.api.auth import Bearer
from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.aws_events.websocket import Handshake
from functions.rooms.denial import NAME_REJECTED, WRONG_ORIGIN, Denial, Reason
from functions.rooms.identity import Malformed
from functions.rooms.sanctions import FOR_GOOD
from functions.usecases.admission import NoIdentity, TokenRefused
from functions.usecases.names import NameNotAllowed, admit
from functions.usecases.seating import would_deny

router = APIRouter(prefix="/activities/{activityId}", tags=["activities"], responses=responses(400, 403, 503))

# The parameters of the handshake's query, but for the token, which is a bearer here.
PARAMETERS = ("username", "userId", "avatar", "attributes", "since")


class Answer(ResponseBody):
    """What a handshake would be answered with now. What does not belong to the reason is null. `until` is also null for
    a ban without an end."""

    admitted: bool = Field(examples=[False])
    status: int = Field(examples=[403], description="The handshake's status; 101 if it would succeed")
    reason: Reason | None = Field(examples=["banned"], description="For programs")
    message: str | None = Field(examples=["you are banned from this room"], description="For people")
    retry_after: int | None = Field(examples=[3600], description="Seconds after which a handshake may succeed")
    until: int | None = Field(examples=[1_700_003_600_000], description="Of a ban: ms since the epoch")
    text: str | None = Field(examples=["no links, please"], description="Of a ban: why it was given")


def _parameter(name: str, example: str) -> Any:
    return Query(alias=name, description="As in the handshake's query", examples=[example])


Name = Annotated[str | None, _parameter("username", "Alice")]
UserId = Annotated[str | None, _parameter("userId", "alice")]
Avatar = Annotated[str | None, _parameter("avatar", "https://example.com/alice.png")]
Attributes = Annotated[str | None, _parameter("attributes", '{"level":"12"}')]
Since = Annotated[str | None, _parameter("since", "ebaf133c.17")]


async def _handshake(
    request: Request,
    activity_id: ActivityId,
    bearer: Bearer,
    _username: Name = None,
    _user_id: UserId = None,
    _avatar: Avatar = None,
    _attributes: Attributes = None,
    _since: Since = None,
) -> Handshake:
    """The handshake that is asked about, with all values of each parameter."""
    query = request.query_params
    queries = {name: query.getlist(name) for name in PARAMETERS if name in query}
    queries["activityId"] = [str(activity_id)]
    if bearer is not None:
        queries["token"] = [bearer.credentials]
    return Handshake("", queries, {"origin": request.headers.get("origin", "")})


# A call without a token has an answer, too: https://spec.openapis.org/oas/v3.1.0#security-requirement-object
OPTIONAL_TOKEN: dict[str, Any] = {"security": [{}]}


@router.get("/admission", summary="Would a handshake succeed?", openapi_extra=OPTIONAL_TOKEN)
async def admission(parts: Parts, handshake: Annotated[Handshake, Depends(_handshake)]) -> Answer:
    """What a handshake with this token, or with this name, would be answered with now, and why. No token is needed:
    that there is none is an answer, too."""
    return _answer(await _denial(parts, handshake))


async def _denial(parts: Parts, handshake: Handshake) -> Denial | None:
    """As the authorizer and connect would refuse, in this order."""
    if not parts.admission.allows(handshake.headers["origin"]):
        return WRONG_ORIGIN
    try:
        identity = await admit(await parts.admission.examine(handshake), parts.words)
    except Malformed as malformed:
        return Denial(reason="bad_field", message=str(malformed))
    except TokenRefused as refused:
        return Denial(reason=refused.reason, message=f"the token is not valid: {refused}")
    except NoIdentity as nobody:
        return Denial(reason=nobody.reason, message=f"there is {nobody}")
    except NameNotAllowed:
        return NAME_REJECTED
    return await would_deny(parts.room, parts.rooms, parts.bans, identity)


def _answer(denial: Denial | None) -> Answer:
    ban = denial.ban if denial else None
    return Answer(
        admitted=denial is None,
        status=denial.status if denial else 101,
        reason=denial.reason if denial else None,
        message=denial.message if denial else None,
        retry_after=denial.retry_after if denial else None,
        until=ban.until if ban and ban.until != FOR_GOOD else None,
        text=(ban.reason or None) if ban else None,
    )
