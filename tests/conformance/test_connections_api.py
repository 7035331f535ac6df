"""The connections API, called by SDKs and the command line of AWS."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol

import boto3
import pytest
import pytest_asyncio
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.ids import Ids
from local.aws.sigv4 import Credentials
from local.deployment import CREDENTIALS
from tests.conformance.install import AWS, HERE, NODE_MODULES
from tests.conformance.lines import PATIENCE, Lines, speaking_to
from tests.local.aws.serving import RawClient
from tests.story.rooms import Rooms
from tests.story.viewer import WELCOME

pytestmark = pytest.mark.asyncio(loop_scope="module")

Answer = tuple[int, str, dict[str, Any]]
"""HTTP status, the error's name or "", and what was said."""
CALLERS = ("boto3", "javascript", "aws")
OPERATIONS = ("post", "get", "delete")
GONE = Ids().connection()


class Caller(Protocol):
    """One client library; `endpoint` is what its user configures."""

    async def __call__(
        self, endpoint: str, operation: str, connection_id: str, data: str = "x", credentials: Credentials = ...
    ) -> Answer: ...


async def by_boto3(
    endpoint: str, operation: str, connection_id: str, data: str = "x", credentials: Credentials = CREDENTIALS
) -> Answer:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    call = getattr(client, {"post": "post_to_connection"}.get(operation, f"{operation}_connection"))
    sent = {"Data": data.encode()} if operation == "post" else {}
    try:
        said = await asyncio.to_thread(call, ConnectionId=connection_id, **sent)
    except ClientError as error:
        about = error.response
        return about["ResponseMetadata"]["HTTPStatusCode"], about["Error"]["Code"], {}
    return said.pop("ResponseMetadata")["HTTPStatusCode"], "", said


class ByJavaScript:
    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def __call__(
        self, endpoint: str, operation: str, connection_id: str, data: str = "x", credentials: Credentials = CREDENTIALS
    ) -> Answer:
        keys = {"accessKeyId": credentials.access_key, "secretAccessKey": credentials.secret_key}
        asked = {"endpoint": endpoint, "operation": operation, "id": connection_id, "data": data}
        answer = await self._lines.ask(asked | keys)
        return answer["status"], answer["error"], answer["said"]


class ByCommandLine:
    """The status is read from what `--debug` tells, or from an error's name."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    async def __call__(
        self, endpoint: str, operation: str, connection_id: str, data: str = "x", credentials: Credentials = CREDENTIALS
    ) -> Answer:
        command = {"post": "post-to-connection"}.get(operation, f"{operation}-connection")
        process = await asyncio.create_subprocess_exec(
            *(str(AWS.with_name("python")), str(AWS), "apigatewaymanagementapi", command, "--debug"),
            *("--endpoint-url", endpoint, "--connection-id", connection_id),
            *(("--data", "file:///dev/stdin") if operation == "post" else ()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment
            | {"AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
            | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": "/dev/null"},
        )
        async with asyncio.timeout(PATIENCE):
            output, log = await process.communicate(data.encode())
        told = log.decode()
        status = int(told.rpartition('HTTP/1.1" ')[2].split()[0])
        name = told.rpartition("An error occurred (")[2].split(")")[0] if process.returncode else ""
        return status, name, json.loads(output or b"{}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def javascript(others: dict[str, str]) -> AsyncIterator[Lines]:
    command = ["node", str(HERE / "management.mjs"), str(NODE_MODULES)]
    async with speaking_to(command, others) as lines:
        yield lines


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest, others: dict[str, str]) -> Caller:
    if request.param == "boto3":
        return by_boto3
    if request.param == "aws":
        return ByCommandLine(others)
    return ByJavaScript(request.getfixturevalue("javascript"))


def endpoint(rooms: Rooms, stage: str = "/websocket") -> str:
    return f"http://{rooms.address}{stage}"


@asynccontextmanager
async def viewer(rooms: Rooms, activity: int) -> AsyncIterator[tuple[Any, str]]:
    """Somebody in the room with her connection id."""
    alice = await rooms.enter_by_token(activity, "alice")
    alice.hears_anything = True
    (welcome, *_) = [one for one in alice.told if one["messageType"] == WELCOME]
    yield alice, welcome["connectionId"]


async def test_a_post_is_a_frame(rooms: Rooms, activity: int, caller: Caller) -> None:
    async with viewer(rooms, activity) as (alice, connection_id):
        said = {"messageType": 999, "text": "grüezi 🌺", "caller": str(activity)}
        status, error, _ = await caller(endpoint(rooms), "post", connection_id, json.dumps([said]))
        assert (status, error) == (200, "")
        assert (await alice.told_of(999))["text"] == "grüezi 🌺"


async def test_a_get_tells_of_the_connection(rooms: Rooms, activity: int, caller: Caller) -> None:
    async with viewer(rooms, activity) as (_, connection_id):
        status, error, said = await caller(endpoint(rooms), "get", connection_id)
        assert (status, error) == (200, "")
        assert said["Identity"]["SourceIp"] == "127.0.0.1"
        assert "websockets" in said["Identity"]["UserAgent"]
        times = [said["ConnectedAt"], said["LastActiveAt"]]
        begun, active = (
            datetime.fromisoformat(one.replace("Z", "+00:00")) if isinstance(one, str) else one for one in times
        )
        assert begun <= active


async def test_a_delete_closes_and_then_everything_is_gone(rooms: Rooms, activity: int, caller: Caller) -> None:
    async with viewer(rooms, activity) as (alice, connection_id):
        assert (await caller(endpoint(rooms), "delete", connection_id))[:2] == (204, "")
        assert await alice.closed() == (1000, "Connection Closed Normally")
        for operation in OPERATIONS:
            assert (await caller(endpoint(rooms), operation, connection_id))[:2] == (410, "GoneException"), operation


async def test_what_is_too_large_is_refused_and_the_largest_is_not(rooms: Rooms, activity: int, caller: Caller) -> None:
    async with viewer(rooms, activity) as (_, connection_id):
        largest = json.dumps([{"messageType": 999, "text": ""}])
        largest = largest.replace('""', '"' + "x" * (131_072 - len(largest)) + '"')
        assert (await caller(endpoint(rooms), "post", connection_id, largest))[:2] == (200, "")
        refused = await caller(endpoint(rooms), "post", connection_id, largest + " ")
        assert refused[:2] == (413, "PayloadTooLargeException")


async def test_a_viewer_who_does_not_read_is_429(rooms: Rooms, activity: int, caller: Caller) -> None:
    token = await rooms.token(activity, "slow")
    port = int(rooms.address.rpartition(":")[2])
    slow, _ = await RawClient.handshake(port, f"/websocket?activityId={activity}&token={token}")
    async with asyncio.timeout(PATIENCE):
        while b"connectionId" not in (told := (await slow.frame())[1]):
            pass
    connection_id = json.loads(told.decode().partition('"connectionId":')[2].partition(",")[0])
    slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
    async with asyncio.timeout(PATIENCE):
        while (await by_boto3(endpoint(rooms), "post", connection_id, "x" * 131_072))[0] == 200:
            pass
    assert (await caller(endpoint(rooms), "post", connection_id, "x" * 131_072))[:2] == (429, "LimitExceededException")
    await slow.close(reset=True)


async def test_another_stage_is_forbidden(rooms: Rooms, caller: Caller) -> None:
    for stage in ("/prod", ""):
        for operation in OPERATIONS:
            assert (await caller(endpoint(rooms, stage), operation, GONE))[:2] == (403, "ForbiddenException"), stage


async def test_another_path_below_the_stage_is_not_found(rooms: Rooms, caller: Caller) -> None:
    refused = await caller(endpoint(rooms, "/websocket/websocket"), "post", GONE)
    assert refused[:2] == (404, "NotFoundException")


async def test_a_wrong_key_is_forbidden_and_a_malformed_id_is_a_bad_request(rooms: Rooms, caller: Caller) -> None:
    wrong = Credentials(CREDENTIALS.access_key, "wrong")
    assert (await caller(endpoint(rooms), "get", GONE, credentials=wrong))[:2] == (403, "InvalidSignatureException")
    assert (await caller(endpoint(rooms), "get", "zzz"))[:2] == (400, "BadRequestException")
