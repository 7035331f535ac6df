import socket
import ssl

from tools.wrong_address import meant, no_http, refused, unreachable


def test_what_was_meant_is_told_where_it_is_clear() -> None:
    for text, schemes, wanted in (
        ("https://rooms.example/websocket", ("ws", "wss"), ": did you mean wss://rooms.example/websocket?"),
        ("http://127.0.0.1:8000/websocket", ("ws", "wss"), ": did you mean ws://127.0.0.1:8000/websocket?"),
        ("wss://rooms.example/api", ("http", "https"), ": did you mean https://rooms.example/api?"),
        ("127.0.0.1:8000/websocket", ("ws", "wss"), ": did you mean ws://127.0.0.1:8000/websocket?"),
        ("ftp://rooms.example", ("ws", "wss"), ""),
        ("ws://", ("http", "https"), ""),
        ("/websocket", ("ws", "wss"), ""),
        ("", ("ws", "wss"), ""),
    ):
        assert meant(text, *schemes) == wanted, text


def test_an_answer_to_the_handshake_says_what_to_write() -> None:
    for url, status, wanted in (
        ("ws://127.0.0.1:8000", 403, "write the stage behind the host, ws://127.0.0.1:8000/websocket"),
        ("ws://127.0.0.1:8000/", 404, "write the stage behind the host, ws://127.0.0.1:8000/websocket"),
        ("ws://127.0.0.1:8000/websocket/", 403, "write the stage behind the host, ws://127.0.0.1:8000/websocket"),
        ("wss://rooms.example/prod", 403, "write the stage behind the host, wss://rooms.example/websocket"),
        ("wss://rooms.example/websocket", 403, "is it the stack's output WebSocketUrl?"),
        ("wss://rooms.example/websocket", 200, "is it the stack's output WebSocketUrl?"),
        ("wss://rooms.example/websocket", 401, "--secret"),
    ):
        told = refused(url, status)
        assert told is not None, url
        assert told.startswith(f"{url} answers the handshake with {status}: "), url
        assert wanted in told, url
    told = refused("ws://rooms.example/websocket", 301, "https://rooms.example/")
    assert told is not None
    assert "leads to https://rooms.example/" in told


def test_what_the_load_itself_is_to_measure_is_no_wrong_address() -> None:
    for status in (429, 500, 502, 503, 504):
        assert refused("ws://127.0.0.1:8000", status) is None, status


def test_why_there_is_no_connection_is_one_line() -> None:
    for url, error, wanted in (
        ("wss://h/websocket", socket.gaierror(-2, "Name or service not known"), "h does not resolve"),
        (
            "wss://h:8000/websocket",
            ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"),
            "did you mean ws://h:8000/websocket?",
        ),
        ("https://h/api", ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "did you mean http://h/api?"),
        ("wss://h/websocket", ssl.SSLCertVerificationError(1, "x"), "its certificate is refused"),
        ("ws://127.0.0.1:1/websocket", ConnectionRefusedError(111, "Connection refused"), "make dev PORT="),
        ("wss://h/websocket", TimeoutError(), "TimeoutError. Are host and port right"),
    ):
        told = unreachable(url, error)
        assert told.startswith(f"{url} cannot be reached: "), url
        assert wanted in told, (url, told)
    assert no_http("ws://h/websocket") == "ws://h/websocket does not answer in HTTP: did you mean wss://h/websocket?"
