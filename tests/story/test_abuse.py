"""Who means harm: what they send is refused or harmless, whoever they say they are, and nobody else notices."""

import asyncio
import itertools
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.forgery import forgeries
from tests.story.fuzz import frames
from tests.story.injections import CONTROLS, INVISIBLE, LINES, VISIBLE
from tests.story.moderator import Moderator
from tests.story.rooms import Rooms, Servers
from tests.story.topics import Record, records
from tests.story.viewer import CHAT, JOINED, LIKES, NOTICE, REPLY, WELCOME, WHO, Object, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module"), pytest.mark.emulator(auth_mode="token")]

AT_ONCE = 8
ALL = ["admin", "chat", "like", "moderate", "publish"]


async def by_query(rooms: Rooms, activity: int, token: str) -> int:
    return await rooms.refusal(f"/websocket?{urlencode({'activityId': activity, 'token': token})}")


async def by_path(rooms: Rooms, activity: int, token: str) -> int:
    return await rooms.refusal(f"/websocket/{activity}/alice?{urlencode({'token': token})}")


async def by_subprotocol(rooms: Rooms, activity: int, token: str) -> int:
    """The status of a handshake that offers the token; 101 when it is let in."""
    offered = {"Sec-WebSocket-Protocol": f"live.v1, bearer.{token}"}
    address = f"ws://{rooms.address}/websocket?activityId={activity}"
    try:
        async with connect(address, additional_headers=offered, compression=None, proxy=None, subprotocols=["live.v1"]):  # type: ignore[list-item]  # a NewType of str
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def by_api(rooms: Rooms, activity: int, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await rooms.http.get(f"/api/activities/{activity}", headers=headers)).status_code


ENTRANCES = (by_query, by_path, by_subprotocol, by_api)


async def both_topics(servers: Servers, activity: int) -> list[Record]:
    """All records of a room."""
    return [
        record
        for topic in (LIVE_TOPIC, SAVE_TOPIC)
        for record in await records(servers.kafka_bootstrap, topic, activity)
    ]


async def test_no_forged_token_opens_any_entrance(
    rooms: Rooms, servers: Servers, activity: int, another_activity: int
) -> None:
    good, other = await rooms.token(activity, "alice"), await rooms.token(another_activity, "alice", caps=ALL)
    for what, token in forgeries(good, other):
        for entrance in ENTRANCES:
            assert await entrance(rooms, activity, token) == 401, (what, entrance.__name__)
    for entrance in (by_subprotocol, by_api):
        assert await entrance(rooms, activity, f"{good}{'A' * 4096}") == 401
    assert await both_topics(servers, activity) == []
    assert [await entrance(rooms, activity, good) for entrance in ENTRANCES] == [101, 101, 101, 200]


async def test_a_token_for_one_room_is_good_for_no_other(
    rooms: Rooms, servers: Servers, activity: int, another_activity: int
) -> None:
    token = await rooms.token(activity, "alice", caps=ALL)
    assert [await entrance(rooms, another_activity, token) for entrance in ENTRANCES] == [401, 401, 401, 403]
    for method, path, body in calls(another_activity):
        response = await call(rooms, token, method, path, body)
        assert (response.status_code, response.json()["error"]) == (403, "not_allowed"), (method, path)
    assert await both_topics(servers, another_activity) == []


def calls(activity: int) -> list[tuple[str, str, object]]:
    """Every call about a room, and those about all of them."""
    room = f"/api/activities/{activity}"
    minted = {"activityId": activity, "userId": "mallory", "name": "Mallory", "caps": ALL}
    return [
        ("GET", room, None),
        ("PATCH", room, {"frozen": True}),
        ("GET", f"{room}/users", None),
        ("POST", f"{room}/notices", {"name": "n", "data": 1}),
        ("DELETE", f"{room}/messages/1", None),
        ("PUT", f"{room}/mutes", {"userId": "bob", "seconds": 60}),
        ("DELETE", f"{room}/mutes?userId=bob", None),
        ("PUT", f"{room}/bans", {"userId": "bob"}),
        ("DELETE", f"{room}/bans?userId=bob", None),
        ("DELETE", f"{room}/users?userId=bob", None),
        ("POST", "/api/tokens", minted),
        ("GET", "/api/activities", None),
        ("GET", "/api/words", None),
        ("PUT", "/api/words", {"mask": [], "reject": []}),
    ]


async def call(rooms: Rooms, token: str, method: str, path: str, body: object = None) -> httpx.Response:
    """What the HTTP API answers to who has this token."""
    content: Any = {} if body is None else {"json": body}
    return await rooms.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **content)


async def test_who_may_only_chat_may_do_nothing_else(rooms: Rooms, servers: Servers, activity: int) -> None:
    token = await rooms.token(activity, "alice")
    allowed = {("GET", f"/api/activities/{activity}"), ("GET", f"/api/activities/{activity}/users")}
    for method, path, body in calls(activity):
        status = (await call(rooms, token, method, path, body)).status_code
        assert status == (200 if (method, path) in allowed else 403), (method, path)
    mute = await rooms.enter_by_token(activity, "mute", caps=["like"])
    assert (await mute.say("hello"))["error"] == "not_allowed"
    assert (await mute.like())["ok"]
    still = await rooms.enter_by_token(activity, "still", caps=[])
    assert (await still.like())["error"] == "not_allowed"
    assert (await still.beat())["ok"]
    assert {record["messageType"] for record in await both_topics(servers, activity)} == {JOINED, LIKES, 7}


async def test_nobody_is_who_their_frame_says_they_are(rooms: Rooms, servers: Servers, activity: int) -> None:
    mallory = await rooms.enter_by_token(activity, "mallory", name="Mallory")
    bob = await rooms.enter_by_token(activity, "bob")
    mallory.sends_anything = True
    claimed = {
        **dict.fromkeys(("userId", "username", "nickname", "fromusername", "name", "sub"), "bob"),
        **dict.fromkeys(("zanNumber", "onLineNumber", "watchSeconds", "watchFrom", "watchTo", "time", "seq"), 9999),
        "connectionId": bob.welcome["connectionId"],
        "activityId": activity + 1,
        "caps": ["moderate"],
        "data": {"seq": 0},
    }
    said = await mallory.say("it is me, Bob", **claimed)
    heard = await bob.hears("it is me, Bob")
    assert (heard["userId"], heard["fromusername"], heard["seq"]) == ("mallory", "Mallory", said["seq"])
    assert heard["time"] > 1_600_000_000_000
    await mallory.ask(6, count=2, **claimed)
    await mallory.ask(7, **claimed)
    await bob.told_of(LIKES, zanNumber=2)
    theirs = [record for record in await both_topics(servers, activity) if record["messageType"] in (CHAT, LIKES, 7)]
    assert len(theirs) == 5
    for record in theirs:
        assert (record["userId"], record["nickname"], record["activityId"]) == ("mallory", "Mallory", activity)
        assert record["connectionId"] == mallory.welcome["connectionId"]
        assert record["zanNumber"] in (0, 2)
        assert (record["watchSeconds"] or 0) < 100
        assert (record["watchTo"] or 0) - (record["watchFrom"] or 0) < 100_000
        assert record["watchFrom"] != 9999
        assert (record["name"], record["data"]) == (None, None)
    assert await both_topics(servers, activity + 1) == []


async def test_nobody_is_who_their_request_says_they_are(rooms: Rooms, servers: Servers, activity: int) -> None:
    token = await rooms.token(activity, "m-1", name="Maud", caps=["publish", "moderate"])
    room = f"/api/activities/{activity}"
    claimed = {"userId": "bob", "nickname": "Bob", "activityId": activity + 1, "to": "bob"}
    for method, path, body in (
        ("POST", f"{room}/notices", {"name": "n", "data": 1}),
        ("PUT", f"{room}/mutes", {"userId": "alice", "seconds": 5}),
        ("PATCH", room, {"frozen": False}),
    ):
        refused = await call(rooms, token, method, path, {**body, **claimed})
        assert (refused.status_code, refused.json()["error"]) == (400, "bad_field")
    assert await both_topics(servers, activity) == []
    query = urlencode(claimed)
    assert (await call(rooms, token, "POST", f"{room}/notices?{query}", {"name": "n", "data": 1})).status_code == 201
    for record in await both_topics(servers, activity):
        assert (record["userId"], record["nickname"], record["to"]) == ("m-1", "Maud", None)


async def test_a_handshakes_query_does_not_change_who_the_token_is_for(rooms: Rooms, activity: int) -> None:
    token = await rooms.token(activity, "mallory", name="Mallory")
    claimed: dict[str, Any] = {"userId": "bob", "sub": "bob", "caps": "moderate,admin", "connectionId": "c", "exp": "9"}
    mallory = await rooms.enter(activity, "Bob", token=token, **claimed)
    assert mallory.welcome["userId"] == "mallory"
    assert (await mallory.told_of(JOINED))["username"] == "Mallory"


@pytest.mark.parametrize(("first", "second"), [(("a:b", "c"), ("a", "b:c")), (("a", "1:b"), ("a:1", "b"))])
async def test_an_id_is_its_users_own_however_both_are_written(
    rooms: Rooms, activity: int, first: tuple[str, str], second: tuple[str, str]
) -> None:
    seqs = []
    for user, client_id in (first, second):
        viewer = await rooms.enter_by_token(activity, user)
        seqs.append((await viewer.say(f"from {user}", id=client_id))["seq"])
        await viewer.hears(f"from {user}")
    assert seqs[0] < seqs[1]


async def test_whatever_is_said_is_carried_as_it_is(rooms: Rooms, servers: Servers, activity: int) -> None:
    alice = await rooms.enter_by_token(activity, "alice")
    bob = await rooms.enter_by_token(activity, "bob", classic=True)
    texts = [f"<{text}>" for text in VISIBLE + LINES]
    for number, text in enumerate(texts):
        line = text if text[1:-1] in VISIBLE else "x"
        id_ = f"{line}{number}"
        fields = dict.fromkeys(("company_id", "openid", "unionid", "avatar"), line)
        reply = await alice.say(text, id=id_, **fields)
        assert reply == {"messageType": REPLY, "id": id_, "ok": True, "seq": reply["seq"]}, text
        heard = await bob.told_of(CHAT, seq=reply["seq"])
        assert (heard["textMessage"], heard["avatar"], heard["id"]) == (text, line, id_)
    found = [record for record in await both_topics(servers, activity) if record["messageType"] == CHAT]
    assert [record["content"] for record in found] == texts * 2
    for record in found:
        for name in ("companyId", "openid", "unionid", "avatar"):
            assert record[name] == (record["content"] if record["content"][1:-1] in VISIBLE else "x")
    carol = await rooms.enter_by_token(activity, "carol")
    assert [said["textMessage"] for said in carol.welcome["history"]] == texts[-20:]
    await rooms_are_sound(rooms, activity, online=3)


async def test_what_no_text_may_hold_is_refused_at_every_way_in(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    for number, text in enumerate([*CONTROLS, *LINES, *INVISIBLE]):
        # Each text has a user of its own: so many refusals are a flood.
        viewer = await rooms.enter_by_token(activity, f"u{number}")
        viewer.sends_anything = True
        bad = text if text in INVISIBLE else f"<{text}>"
        frames: list[dict[str, str]] = [{"message": "hi", "to": bad}, {"message": "hi", "id": bad}]
        if text not in INVISIBLE:
            frames += [{"message": "hi", name: bad} for name in ("company_id", "openid", "unionid", "avatar")]
        if text not in LINES:
            frames.append({"message": bad})
        for frame in frames:
            await viewer.send({"messageType": CHAT, **frame})
            (*_, reply) = await replied(viewer, frames.index(frame) + 1)
            name = next(name for name, value in frame.items() if value == bad)
            assert (reply["error"], reply["message"].split()[:2]) == ("bad_field", [name, "must"]), (text, frame)
        await viewer.leave()
    assert bob.heard == []


async def replied(viewer: Viewer, count: int) -> list[Object]:
    """The replies, once there are so many."""
    await viewer.until(lambda: len(viewer.all_of(REPLY)) == count)
    return viewer.all_of(REPLY)


async def rooms_are_sound(rooms: Rooms, activity: int, *, online: int) -> None:
    """No script has emptied Redis or changed another figure of this room."""
    token = await rooms.token(activity, "alice")
    figures = (await call(rooms, token, "GET", f"/api/activities/{activity}")).json()
    assert (figures["onlineNumber"], figures["zanNumber"], figures["activityId"]) == (online, 0, activity)
    assert figures["settings"] == {"slowModeSeconds": 0, "frozen": False}


async def test_whoever_has_an_odd_name_is_an_ordinary_viewer(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter_by_token(activity, "bob")

    async def visit(number: int, text: str) -> None:
        user = f"{text[:50]}{number}"
        viewer = await rooms.enter_by_token(activity, user, name=text[:30])
        assert viewer.welcome["userId"] == user
        shown = (await bob.told_of(JOINED, userId=user))["username"]
        assert (await viewer.say(f"number {number}", to=user))["ok"]
        said = await viewer.hears(f"number {number}")
        assert (said["userId"], said["to"], said["fromusername"]) == (user, user, shown)
        await viewer.ask(WHO, limit=200)
        assert {"userId": user, "username": shown} in (await viewer.told_of(WHO))["users"]
        await viewer.leave()

    visits = [visit(number, text) for number, text in enumerate(VISIBLE)]
    for start in range(0, len(visits), 4):  # of more who come at once not all are named
        await asyncio.gather(*visits[start : start + 4])
    await bob.until(lambda: bob.online == 1)
    assert bob.heard == []
    await rooms_are_sound(rooms, activity, online=1)


async def test_what_cannot_be_a_name_opens_nothing(rooms: Rooms, activity: int) -> None:
    for text in [*CONTROLS, *INVISIBLE, "a\nb", "", " ", "n" * 33, "n" * 10_000]:
        asked = {"activityId": activity, "userId": "u", "name": text}
        assert (await rooms.http.post("/_local/token", json=asked)).status_code == 400, text
    for text in [*CONTROLS, *INVISIBLE, *LINES, "", " ", " u", "u" * 65, "u" * 10_000]:
        asked = {"activityId": activity, "userId": text, "name": "Name"}
        assert (await rooms.http.post("/_local/token", json=asked)).status_code == 400, text


@pytest.mark.long
async def test_no_part_of_a_request_makes_the_http_api_fail(rooms: Rooms, servers: Servers, activity: int) -> None:
    token = await rooms.token(activity, "m-1", name="Maud", caps=ALL)
    room = f"/api/activities/{activity}"
    accepted: list[str] = []

    async def ask(method: str, path: str, body: object = None) -> None:
        response = await call(rooms, token, method, path, body)
        assert response.status_code < 500, (method, path, response.text)
        if response.status_code < 400:
            accepted.append(f"{method} {path.removeprefix(room)}")
        elif response.json() != {"message": "Bad Request"}:  # API Gateway's own, for a path that it cannot decode
            assert response.json().keys() == {"error", "message"}

    for text in [*VISIBLE, *LINES, *CONTROLS, *INVISIBLE, "x" * 7000]:
        part = quote(text, safe="").replace(".", "%2E")
        await asyncio.gather(
            ask("GET", f"/api/activities/{part}"),
            ask("GET", f"{room}/users?cursor={part}&limit={part}"),
            ask("GET", f"{room}/users?cursor={part}"),
            ask("DELETE", f"{room}/messages/x{part}"),
            ask("PUT", f"{room}/mutes", {"userId": text, "seconds": text}),
            ask("PATCH", room, {"slowModeSeconds": text, "frozen": text}),
            ask("POST", f"{room}/notices", {"name": text, "data": [text] * 200}),
            ask("POST", "/api/tokens", {"activityId": text, "userId": text, "name": text}),
            ask("GET", f"/api/{part}"),
        )
    assert set(accepted) <= {"POST /notices"}
    published = await records(servers.kafka_bootstrap, SAVE_TOPIC, activity)
    assert [record["messageType"] for record in published] == [NOTICE] * len(accepted)


async def test_what_a_notice_and_the_id_of_a_muted_user_hold_is_kept_as_it_is(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    maud = Moderator(rooms, activity, await rooms.token(activity, "m-1", caps=["publish", "moderate"]))
    alice = await rooms.enter_by_token(activity, "alice")
    for text in VISIBLE + LINES + CONTROLS:
        name = f"<{text}>"[:64] if text in VISIBLE else "x"
        seq = await maud.notice(name, {text: [text, {text: text}]})
        said = await alice.told_of(NOTICE, seq=seq)
        assert (said["name"], said["data"]) == (name, {text: [text, {text: text}]})
    users = [f"u{text}"[:64] for text in VISIBLE]
    for user in users:
        await maud.mute(user, 60)
    sanctions = [record for record in await records(servers.kafka_bootstrap, SAVE_TOPIC, activity) if record["to"]]
    assert [record["to"] for record in sanctions] == users


@pytest.mark.parametrize("classic", [False, True], ids=["live.v1", "classic"])
async def test_hundreds_of_frames_of_whatever_publish_nothing_that_was_refused(
    rooms: Rooms, servers: Servers, activity: int, *, classic: bool
) -> None:
    mallory = await rooms.enter_by_token(activity, "mallory", classic=classic)
    bob = await rooms.enter_by_token(activity, "bob")
    for frame in itertools.islice(frames(4, 10_000), 300):
        await mallory.send(frame)
    assert (await mallory.say("the end"))["ok"]
    await bob.hears("the end")
    assert [said for said in mallory.told if "messageType" not in said] == []
    refused = {said["id"] for said in mallory.all_of(REPLY, ok=False) if "id" in said}
    accepted = {said["id"] for said in mallory.all_of(REPLY, ok=True)}
    for record in await both_topics(servers, activity):
        assert record["userId"] in ("mallory", "bob")
        assert record["id"] is None or record["id"] in accepted
        assert record["id"] not in refused - accepted
    assert len(mallory.all_of(WELCOME)) == 1


async def test_hundreds_of_odd_addresses_are_refused_or_let_in_but_never_fail(rooms: Rooms, activity: int) -> None:
    token = await rooms.token(activity, "alice")
    parts = [quote(text, safe="") for text in VISIBLE + CONTROLS]
    parts += ["%ED%A0%80", "%FF", "%C0%80", "%", "%zz", "+", "%2B", "a" * 6000, "%F0%9F%91%8B" * 200]
    paths = [path for part in parts for path in (
        f"/websocket?activityId={activity}&token={part}",
        f"/websocket?activityId={part}&token={token}",
        f"/websocket?activityId={activity}&token={token}&since={part}",
        f"/websocket?activityId={activity}&token={token}&avatar={part}&{part}={part}",
        f"/websocket/{part}/{part}?token={token}",
    )]  # fmt: skip
    statuses: set[int] = set()
    for start in range(0, len(paths), AT_ONCE):
        statuses |= set(await asyncio.gather(*(rooms.refusal(path) for path in paths[start : start + AT_ONCE])))
    assert statuses <= {101, 400, 401, 403, 404, 414, 431}
