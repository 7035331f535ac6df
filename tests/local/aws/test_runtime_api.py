"""The Runtime API, spoken to byte by byte."""

import asyncio
import functools
from collections.abc import AsyncIterator

import pytest

from local.aws.runtime_api import MAX_RESPONSE_BYTES, RuntimeApi
from tests.local.aws.until import until


class Recorder:
    """An environment that remembers what it was told and knows one request."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []
        self.waits = 0

    def runtime_waits(self) -> None:
        self.waits += 1

    def has_waited(self, times: int) -> bool:
        return self.waits == times

    def runtime_answered(self, request_id: str, body: bytes) -> bool:
        self.told.append(("answered", body))
        return request_id == "known"

    def runtime_failed(self, request_id: str, body: bytes) -> bool:
        self.told.append(("failed", body))
        return request_id == "known"

    def init_failed(self, body: bytes) -> None:
        self.told.append(("init", body))


class Runtime:
    """A runtime's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> tuple[int, bytes, dict[str, str]]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers["Content-Length"]))
        return int(head[0].split()[1]), body, headers

    async def post(self, path: str, body: bytes = b"{}") -> tuple[int, bytes]:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        return (await self.reply())[:2]


@pytest.fixture
def environment() -> Recorder:
    return Recorder()


@pytest.fixture
async def api(environment: Recorder) -> AsyncIterator[RuntimeApi]:
    api = RuntimeApi(environment)
    await api.start()
    yield api
    api.stop()


@pytest.fixture
async def runtime(api: RuntimeApi) -> AsyncIterator[Runtime]:
    host, port = api.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    yield Runtime(reader, writer)
    writer.close()


async def test_next_is_answered_when_there_is_an_event(
    api: RuntimeApi, environment: Recorder, runtime: Runtime
) -> None:
    for number, event in enumerate((b'{"a":1}', b'{"a":2}'), start=1):
        runtime.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(functools.partial(environment.has_waited, number))
        api.send(event, {"Lambda-Runtime-Aws-Request-Id": "known"})
        status, body, headers = await runtime.reply()
        assert (status, body, headers["Lambda-Runtime-Aws-Request-Id"]) == (200, event, "known")
        assert headers["Content-Type"] == "application/json"


async def test_results_errors_and_init_errors_are_passed_on(environment: Recorder, runtime: Runtime) -> None:
    prefix = "/2018-06-01/runtime"
    assert await runtime.post(f"{prefix}/invocation/known/response", b'"r"') == (202, b'{"status":"OK"}\n')
    assert (await runtime.post(f"{prefix}/invocation/known/error", b'"e"'))[0] == 202
    assert (await runtime.post(f"{prefix}/init/error", b'"i"'))[0] == 202
    assert environment.told == [("answered", b'"r"'), ("failed", b'"e"'), ("init", b'"i"')]


async def test_an_unknown_request_is_refused(runtime: Runtime) -> None:
    status, body = await runtime.post("/2018-06-01/runtime/invocation/other/response")
    assert (status, body) == (400, b'{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}')


async def test_an_unknown_path_is_not_found(runtime: Runtime) -> None:
    prefix = "/2018-06-01/runtime"
    for path in ("/", f"{prefix}/restore/next", f"{prefix}/invocation/known/other", "/next"):
        assert (await runtime.post(path))[0] == 404, path


async def test_a_response_over_the_limit_is_too_large(runtime: Runtime) -> None:
    path = "/2018-06-01/runtime/invocation/known/response"
    assert (await runtime.post(path, b"x" * MAX_RESPONSE_BYTES))[0] == 202
    assert (await runtime.post(path, b"x" * (MAX_RESPONSE_BYTES + 1)))[0] == 413


async def test_headers_of_a_megabyte_arrive(environment: Recorder, runtime: Runtime) -> None:
    cause = b"Lambda-Runtime-Function-XRay-Error-Cause: " + b"x" * 1024 * 1024 + b"\r\n"
    runtime.writer.write(
        b"POST /2018-06-01/runtime/invocation/known/error HTTP/1.1\r\n" + cause + b"Content-Length: 2\r\n\r\n{}"
    )
    assert (await runtime.reply())[0] == 202
    assert environment.told == [("failed", b"{}")]


async def test_requests_that_come_in_pieces_or_in_chunks_arrive(environment: Recorder, runtime: Runtime) -> None:
    request = (
        b"POST /2018-06-01/runtime/invocation/known/response HTTP/1.1\r\nHost: x\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n"
    )
    for byte in request:
        runtime.writer.write(bytes([byte]))
        await runtime.writer.drain()
    assert (await runtime.reply())[0] == 202
    assert environment.told == [("answered", b"[1,2]")]


async def test_what_is_not_http_ends_the_connection(runtime: Runtime) -> None:
    runtime.writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await runtime.reader.readexactly(1)


async def test_an_event_for_a_runtime_that_has_gone_is_swallowed(
    api: RuntimeApi, environment: Recorder, runtime: Runtime
) -> None:
    runtime.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: environment.waits == 1)
    runtime.writer.transport.abort()
    await until(lambda: not api.connections)
    api.send(b"{}", {})
