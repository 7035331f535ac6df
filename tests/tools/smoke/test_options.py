import pytest

from tools.smoke.options import SmokeOptions


def test_the_other_api_is_at_the_same_host() -> None:
    for arguments, environment, wanted in (
        ([], {}, ("ws://127.0.0.1:8000/websocket", "http://127.0.0.1:8000/api")),
        ([], {"PORT": "8331"}, ("ws://127.0.0.1:8331/websocket", "http://127.0.0.1:8331/api")),
        (
            ["--url", "ws://127.0.0.1:8331/websocket"],
            {},
            ("ws://127.0.0.1:8331/websocket", "http://127.0.0.1:8331/api"),
        ),
        (["--url", "ws://localhost:8331"], {"PORT": "1"}, ("ws://localhost:8331", "http://localhost:8331/api")),
        (["--url", "ws://[::1]:8331/websocket"], {}, ("ws://[::1]:8331/websocket", "http://[::1]:8331/api")),
        (["--api", "http://127.0.0.1:8331/api/"], {}, ("ws://127.0.0.1:8331/websocket", "http://127.0.0.1:8331/api")),
        (
            ["--url", "wss://rooms.example/websocket?x=1"],
            {},
            ("wss://rooms.example/websocket?x=1", "https://rooms.example/api"),
        ),
        (
            ["--url", "ws://127.0.0.1:1/websocket", "--api", "http://127.0.0.1:2/api"],
            {},
            ("ws://127.0.0.1:1/websocket", "http://127.0.0.1:2/api"),
        ),
    ):
        options = SmokeOptions.parse([*arguments, "--open"], environment)
        assert (options.url, options.api) == wanted, arguments


def test_api_gateways_own_hosts_are_one_for_each_api(capsys: pytest.CaptureFixture[str]) -> None:
    host = "abc.execute-api.us-east-1.amazonaws.com"
    for arguments, wanted in (
        (["--url", f"wss://{host}/websocket"], "--api: name the stack's PlatformApiUrl"),
        (["--api", f"https://{host}/api"], "--url: name the stack's WebSocketUrl"),
    ):
        with pytest.raises(SystemExit) as ended:
            SmokeOptions.parse([*arguments, "--open"], {})
        assert ended.value.code == 2, arguments
        line = capsys.readouterr().err
        assert line == f"python -m tools smoke: {wanted}: API Gateway has it at another host than {host}\n"
