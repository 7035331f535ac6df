"""What the gateway closes a connection for, and that its user has then left."""

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import LEFT, REPLY

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize(
    ("frame", "code"), [(b'{"messageType":7}', 1003), ("x" * 32_769, 1009)], ids=["binary", "too large"]
)
async def test_what_the_gateway_does_not_take_closes_and_the_user_has_left(
    rooms: Rooms, activity: int, frame: str | bytes, code: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    await alice.send(frame)
    assert (await alice.closed())[0] == code
    await bob.told_of(LEFT, userId="alice")
    await bob.until(lambda: bob.online == 1)


async def test_the_largest_frame_is_refused_but_not_closed(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    await alice.send("x" * 32_768)
    assert (await alice.told_of(REPLY))["error"] == "too_long"
    assert (await alice.say("still here"))["ok"]
