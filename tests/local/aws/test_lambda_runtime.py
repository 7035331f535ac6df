"""The same promises for both runtime clients, AWS's own and the one in plain Python, and for forked environments."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from local.aws.execution_environment import State
from local.aws.fork_server import can_fork
from local.aws.function import FunctionError, FunctionSpec
from local.aws.function_process import Launch, installed_client
from local.aws.lambda_runtime import LambdaRuntime
from tests.local.aws.functions_under_test.emulator import launching
from tests.local.aws.until import until

ROOT = Path(__file__).with_name("functions_under_test")
PROJECT = Path(__file__).parents[3]
WAYS = ["python"]
if installed_client() == "awslambdaric":
    WAYS.append("awslambdaric")
if can_fork():
    WAYS.append("forked")

Start = Callable[..., contextlib.AbstractAsyncContextManager[LambdaRuntime]]


def function(handler: str = "trouble.handler", **settings: Any) -> FunctionSpec:
    defaults: dict[str, Any] = {"timeout_seconds": 20, "memory_mb": 128, "environment": {}}
    return FunctionSpec(name="f", handler=handler, **{**defaults, **settings})


def ignore(name: str, line: str) -> None:
    """What functions write is of no interest here."""


@pytest.fixture(params=WAYS)
def start(request: pytest.FixtureRequest) -> Start:
    """A runtime for one function, started and stopped, in each of the ways."""

    @contextlib.asynccontextmanager
    async def running(spec: FunctionSpec, *, freeze: bool = False, **settings: Any) -> AsyncIterator[LambdaRuntime]:
        async with launching(request.param, **{"write_line": ignore, **settings}) as launch:
            runtime = LambdaRuntime([spec], launch, freeze=freeze)
            try:
                yield runtime
            finally:
                await runtime.stop()

    return running


async def failure(runtime: LambdaRuntime, event: Any) -> FunctionError:
    with pytest.raises(FunctionError) as caught:
        await runtime.invoke("f", event)
    return caught.value


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def waiting(name: str, folder: Path) -> dict[str, Any]:
    """An event that is under way until the file `release` exists."""
    return {
        "do": "wait",
        "name": name,
        "started": str(folder / "started"),
        "release": str(folder / "release"),
    }


def started(folder: Path) -> list[str]:
    path = folder / "started"
    return path.read_text().splitlines() if path.exists() else []


async def test_what_goes_in_comes_out(start: Start) -> None:
    async with start(function("echo.handler")) as runtime:
        for event in ({"text": "é 漢 🙂 \ud83d"}, {}, {"deep": [{"a": [1, 2.5, None, True]}]}):
            assert await runtime.invoke("f", event) == event


async def test_an_environment_is_kept_warm(start: Start) -> None:
    async with start(function()) as runtime:
        assert len({await runtime.invoke("f", {}) for _ in range(5)}) == 1


async def test_a_function_is_told_about_itself(start: Start) -> None:
    spec = function("echo.about", environment={"AWS_REGION": "eu-west-1", "REDIS_URL": "redis://here"})
    async with start(spec) as runtime:
        about = await runtime.invoke("f", {})
    assert about["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:f"
    assert (about["name"], about["memory"]) == ("f", "128")
    assert 0 < about["remaining_ms"] <= 20_000
    assert about["environment"]["REDIS_URL"] == "redis://here"
    assert about["environment"]["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert about["environment"]["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert about["path"][0] == str(ROOT)
    assert str(PROJECT / "local" / "aws") not in about["path"]


async def test_the_developers_environment_does_not_leak_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    async with start(function("echo.about")) as runtime:
        environment = (await runtime.invoke("f", {}))["environment"]
    assert not {"AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "USER", "SHELL"} & environment.keys()
    assert not Path(environment["HOME"]).exists()


async def test_concurrent_events_get_environments_of_their_own(start: Start, tmp_path: Path) -> None:
    async with start(function(max_environments=2)) as runtime:
        calls = [asyncio.create_task(runtime.invoke("f", waiting(name, tmp_path))) for name in "ab"]
        await until(lambda: sorted(started(tmp_path)) == ["a", "b"])
        (tmp_path / "release").touch()
        assert len(set(await asyncio.gather(*calls))) == 2


async def test_beyond_the_limit_events_wait_first_come_first_served(start: Start, tmp_path: Path) -> None:
    async with start(function(max_environments=1)) as runtime:
        calls = [asyncio.create_task(runtime.invoke("f", waiting(name, tmp_path))) for name in "abcd"]
        await until(lambda: started(tmp_path) == ["a"])
        (tmp_path / "release").touch()
        assert len(set(await asyncio.gather(*calls))) == 1
        assert started(tmp_path) == ["a", "b", "c", "d"]


async def test_the_processes_of_a_function_are_told_with_what_they_do(start: Start, tmp_path: Path) -> None:
    async with start(function(max_environments=2)) as runtime:
        assert runtime.processes("f") == {}
        pid = await runtime.invoke("f", {})
        await until(lambda: runtime.processes("f") == {pid: State.WAITING})
        call = asyncio.create_task(runtime.invoke("f", waiting("a", tmp_path)))
        await until(lambda: started(tmp_path) == ["a"])
        assert runtime.processes("f") == {pid: State.RUNNING}
        psutil.Process(pid).kill()
        with pytest.raises(FunctionError):
            await call
        assert pid not in runtime.processes("f")


async def test_every_process_of_a_function_is_nicer_than_the_emulator_by_as_much_as_it_says(start: Start) -> None:
    async with start(function(nice=3)) as runtime:
        pid = await runtime.invoke("f", {})
        assert psutil.Process(pid).nice() - psutil.Process().nice() == 3


async def test_beyond_the_limit_connections_take_turns(start: Start, tmp_path: Path) -> None:
    def of(connection_id: str, name: str) -> dict[str, Any]:
        return waiting(name, tmp_path) | {"requestContext": {"connectionId": connection_id}}

    async with start(function(max_environments=1)) as runtime:
        events = [of("flood", "a"), of("flood", "b"), of("flood", "c"), of("alice", "d")]
        calls = [asyncio.create_task(runtime.invoke("f", event)) for event in events]
        await until(lambda: started(tmp_path) == ["a"])
        (tmp_path / "release").touch()
        await asyncio.gather(*calls)
        assert started(tmp_path) == ["a", "d", "b", "c"]


async def test_what_a_function_raises_is_told_and_the_environment_lives_on(start: Start) -> None:
    async with start(function(max_environments=1)) as runtime:
        pid = await runtime.invoke("f", {})
        for length in (0, 5, 200_000):
            error = await failure(runtime, {"do": "raise", "length": length})
            assert (error.error_type, error.message) == ("ValueError", "x" * length)
            assert await runtime.invoke("f", {}) == pid, length


async def test_a_result_that_is_not_json_is_an_error(start: Start) -> None:
    async with start(function()) as runtime:
        error = await failure(runtime, {"do": "object"})
    assert error.error_type == "Runtime.MarshalError"
    assert error.message == "Unable to marshal response: Object of type object is not JSON serializable"


async def test_a_function_that_takes_too_long_is_killed_and_replaced(start: Start) -> None:
    async with start(function(timeout_seconds=0.5)) as runtime:
        pid = await runtime.invoke("f", {})
        error = await failure(runtime, {"do": "sleep", "seconds": 600})
        assert error.error_type == "Sandbox.Timedout"
        assert error.message.endswith(" Error: Task timed out after 0.50 seconds")
        assert error.message.startswith("RequestId: ")
        await until(lambda: gone(pid))
        assert await runtime.invoke("f", {}) != pid


HANGS = (
    ("endless_loop", ["in endless_loop"]),
    ("endless_call_of_c_that_keeps_the_interpreter", ["in endless_call_of_c_that_keeps_the_interpreter"]),
    ("sleeping", ["in sleeping"]),
    ("deadlock", ["in deadlock"]),
    ("thread_that_never_ends", ["in sleeping", "in thread_that_never_ends"]),
    ("awaiting", ["Task 'the reply'", "in never_answered", "in waits_for_a_reply"]),
    ("catching_everything", ["in catching_everything"]),
)


async def test_a_function_that_hangs_says_where_when_it_is_killed(start: Start) -> None:
    # At once: each takes its time-out of a second.
    await asyncio.gather(*(hangs(start, way, wanted) for way, wanted in HANGS))


async def hangs(start: Start, way: str, wanted: list[str]) -> None:
    lines: list[str] = []
    async with start(
        function("hang.handler", timeout_seconds=1.0), write_line=lambda name, line: lines.append(line)
    ) as runtime:
        error = await failure(runtime, {"way": way})
        assert error.error_type == "Sandbox.Timedout", way
        await until(lambda: not runtime.processes("f"))
    assert lines[0] == "Task timed out after 1.00 seconds. It was here:", way
    told = "\n".join(lines)
    assert [text for text in wanted if text not in told] == [], (way, told)
    assert f'{ROOT / "hang.py"}", line ' in told, way


async def test_an_import_that_hangs_says_where(start: Start) -> None:
    lines: list[str] = []
    settings = {"init_seconds": 1.0, "write_line": lambda name, line: lines.append(line)}
    async with start(function("slow_import.handler"), **settings) as runtime:
        await failure(runtime, {})
    assert any("slow_import.py" in line for line in lines), lines


async def test_a_crash_stays_inside_its_environment(start: Start) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"do": "exit", "status": 0}, "Runtime exited without providing a reason"),
        ({"do": "exit", "status": 5}, "Runtime exited with error: exit status 5"),
        ({"do": "kill"}, "Runtime exited with error: signal: killed"),
    ]
    async with start(function()) as runtime:
        for event, text in cases:
            error = await failure(runtime, event)
            assert error.error_type == "Runtime.ExitError", event
            assert error.message.endswith(f" Error: {text}"), event
            assert isinstance(await runtime.invoke("f", {}), int), event


async def test_an_idle_environment_that_dies_is_replaced(start: Start) -> None:
    async with start(function()) as runtime:
        pid = await runtime.invoke("f", {})
        psutil.Process(pid).kill()
        await until(lambda: gone(pid))
        # An event may still be handed to it before the kernel tells: then that one fails as a crash.
        with contextlib.suppress(FunctionError):
            await runtime.invoke("f", {})
        assert await runtime.invoke("f", {}) != pid


async def test_a_function_that_cannot_be_initialised_says_why(start: Start) -> None:
    for handler, error_type, text in (
        ("missing.handler", "Runtime.ImportModuleError", "Unable to import module 'missing'"),
        ("broken_import.handler", "Runtime.ImportModuleError", "No module named 'a_module_that_does_not_exist'"),
        ("echo.nothing", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'echo'"),
        ("echo", "Runtime.MalformedHandlerName", "Bad handler 'echo'"),
        ("broken_exit.handler", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ):
        async with start(function(handler)) as runtime:
            error = await failure(runtime, {})
        assert error.error_type == error_type, handler
        assert text in error.message, handler


async def test_initialisation_is_tried_again_by_the_next_event_and_only_then(start: Start, tmp_path: Path) -> None:
    paths = {"FIXED": str(tmp_path / "fixed"), "ATTEMPTS": str(tmp_path / "attempts")}
    async with start(function("broken_until.handler", environment=paths)) as runtime:
        for _ in range(2):
            assert (await failure(runtime, {})).message == "not yet"
        (tmp_path / "fixed").touch()
        assert await runtime.invoke("f", {}) == "works now"
    assert (tmp_path / "attempts").read_text() == "tried\n" * 3


async def test_every_event_that_waits_for_a_broken_function_fails(start: Start) -> None:
    async with start(function("broken_import.handler", max_environments=2)) as runtime:
        calls = (runtime.invoke("f", {}) for _ in range(10))
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert {getattr(error, "error_type", None) for error in results} == {"Runtime.ImportModuleError"}


async def test_an_initialisation_that_takes_too_long_is_cut(start: Start) -> None:
    async with start(function("slow_import.handler"), init_seconds=0.5) as runtime:
        error = await failure(runtime, {})
    assert error.error_type == "Sandbox.Timedout"
    assert error.message.endswith("Task timed out after 0.50 seconds")


async def test_a_response_may_have_6_mb_and_no_more(start: Start) -> None:
    async with start(function("echo.large")) as runtime:
        limit = 6 * 1024 * 1024 + 100 - len('""')
        assert len(await runtime.invoke("f", {"characters": limit})) == limit
        error = await failure(runtime, {"characters": limit + 1})
        assert error.error_type == "Function.ResponseSizeTooLarge"
        assert error.message == (
            "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes)."
        )
        assert await runtime.invoke("f", {"characters": 1}) == "x"


async def test_an_event_may_have_6_mb_and_no_more(start: Start) -> None:
    async with start(function("echo.handler")) as runtime:
        fits = {"text": "x" * (6 * 1024 * 1024 - len('{"text":""}'))}
        assert await runtime.invoke("f", fits) == fits
        error = await failure(runtime, {"text": fits["text"] + "x"})
    assert error.error_type == "RequestTooLargeException"
    assert "(limit 6291456 bytes)" in error.message


async def test_mistakes_of_the_caller_are_not_function_errors(start: Start) -> None:
    async with start(function("echo.handler")) as runtime:
        with pytest.raises(KeyError):
            await runtime.invoke("another", {})
        with pytest.raises(TypeError):
            await runtime.invoke("f", {"a": object()})


async def test_a_caller_that_gives_up_does_not_disturb_the_environment(start: Start, tmp_path: Path) -> None:
    async with start(function(max_environments=1)) as runtime:
        call = asyncio.create_task(runtime.invoke("f", waiting("a", tmp_path)))
        queued = asyncio.create_task(runtime.invoke("f", waiting("b", tmp_path)))
        await until(lambda: started(tmp_path) == ["a"])
        call.cancel()
        queued.cancel()
        (tmp_path / "release").touch()
        assert isinstance(await runtime.invoke("f", {}), int)
        assert started(tmp_path) == ["a"]


async def test_a_frozen_environment_stands_still_between_events(start: Start) -> None:
    async with start(function(max_environments=1), freeze=True) as runtime:
        pid = await runtime.invoke("f", {})
        for _ in range(50):
            assert await runtime.invoke("f", {}) == pid
        await until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    assert gone(pid)


async def test_new_code_replaces_idle_environments_at_once(start: Start) -> None:
    async with start(function()) as runtime:
        pid = await runtime.invoke("f", {})
        runtime.replace_environments(["f"])
        assert await runtime.invoke("f", {}) != pid
        await until(lambda: gone(pid))


async def test_new_code_lets_an_event_under_way_finish(start: Start, tmp_path: Path) -> None:
    async with start(function(max_environments=1)) as runtime:
        call = asyncio.create_task(runtime.invoke("f", waiting("a", tmp_path)))
        await until(lambda: started(tmp_path) == ["a"])
        runtime.replace_environments(["f"])
        pid = await runtime.invoke("f", {})
        assert not call.done()
        (tmp_path / "release").touch()
        old = await call
        assert old != pid
        await until(lambda: gone(old))
        assert await runtime.invoke("f", {}) == pid


async def test_new_code_while_an_environment_starts_is_used_by_the_event_that_waits(start: Start) -> None:
    async with start(function(max_environments=1)) as runtime:
        call = asyncio.create_task(runtime.invoke("f", {}))
        await asyncio.sleep(0)
        runtime.replace_environments(["f"])
        assert isinstance(await call, int)


@pytest.mark.parametrize("freeze", [False, True])
async def test_stopping_leaves_no_process_behind(start: Start, freeze: bool) -> None:
    async with start(function(), freeze=freeze) as runtime:
        pids = [await runtime.invoke("f", {"do": "child"}), await runtime.invoke("f", {})]
        assert not any(gone(pid) for pid in pids)
    await until(lambda: all(gone(pid) for pid in pids))


async def test_stopping_fails_what_is_under_way(start: Start, tmp_path: Path) -> None:
    async with start(function(max_environments=1)) as runtime:
        calls = [asyncio.create_task(runtime.invoke("f", waiting(name, tmp_path))) for name in "ab"]
        await until(lambda: started(tmp_path) == ["a"])
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in results] == [FunctionError, FunctionError]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("way", WAYS)
async def test_environments_die_with_an_emulator_that_is_killed(way: str, freeze: bool) -> None:
    emulator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.local.aws.functions_under_test.emulator", way, str(freeze)),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert emulator.stdout is not None
    pid = int(await asyncio.wait_for(emulator.stdout.readline(), 20))
    status = psutil.STATUS_STOPPED if freeze else psutil.STATUS_SLEEPING
    await until(lambda: psutil.Process(pid).status() == status)
    emulator.send_signal(signal.SIGKILL)
    await emulator.wait()
    await until(lambda: gone(pid))


def test_it_runs_under_uvloop(tmp_path: Path) -> None:
    async def main() -> None:
        runtime = LambdaRuntime([function(timeout_seconds=0.5)], Launch(root=ROOT, write_line=ignore), freeze=True)
        pids = await asyncio.gather(*(runtime.invoke("f", {}) for _ in range(20)))
        assert 1 <= len(set(pids)) <= 4
        assert (await failure(runtime, {"do": "sleep", "seconds": 600})).error_type == "Sandbox.Timedout"
        await runtime.stop()
        await until(lambda: all(gone(pid) for pid in pids))

    uvloop.run(main())


async def test_what_a_function_writes_is_forwarded_line_by_line(start: Start) -> None:
    lines: list[tuple[str, str]] = []
    async with start(function("echo.speak"), write_line=lambda name, line: lines.append((name, line))) as runtime:
        await runtime.invoke("f", {})
        await until(lambda: len(lines) == 3)
    assert lines == [
        ("f", "to stdout: é"),
        ("f", "to stderr"),
        ("f", "raw \ufffd\x00 bytes"),
        ("f", "no line end"),
    ]


async def test_errors_are_written_with_their_traceback(start: Start) -> None:
    lines: list[str] = []
    async with start(function(), write_line=lambda _, line: lines.append(line)) as runtime:
        await failure(runtime, {"do": "raise", "length": 3})
    assert lines[:2] == ["[ERROR] ValueError: xxx", "Traceback (most recent call last):"]
    assert "trouble.py" in lines[2]


async def test_a_stopped_runtime_refuses_events() -> None:
    runtime = LambdaRuntime([function()], Launch(root=ROOT))
    await runtime.stop()
    assert (await failure(runtime, {})).error_type == "ServiceException"


async def test_who_waits_for_the_next_end_of_an_invocation_hears_of_each_once_however_it_ended(start: Start) -> None:
    async with start(function()) as runtime:
        for event in ({}, {"do": "raise", "length": 3}):
            ended, too = runtime.next_end(), runtime.next_end()
            assert ended is too
            assert not ended.done()
            with contextlib.suppress(FunctionError):
                await runtime.invoke("f", event)
            assert ended.done()
        assert not runtime.next_end().done()
