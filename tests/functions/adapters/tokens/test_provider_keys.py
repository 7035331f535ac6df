import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.tokens.provider_keys import SET_BYTES, ProviderKeys, parse_key_set, read_from

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def entry(kid: str, private: Any = EC, **more: Any) -> dict[str, Any]:
    """The public half of a key in a key set."""
    algorithm: Any = RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(private.public_key(), as_dict=True), "kid": kid, **more}


def key_set(*entries: object) -> bytes:
    return json.dumps({"keys": entries}).encode()


class Away:
    """A provider that can be away, and that counts how often it is asked. `now` is everybody's clock."""

    def __init__(self, *kids: str) -> None:
        self.kids: tuple[str, ...] | None = kids
        self.asked = 0
        self.now = 1_700_000_000.0

    async def read(self) -> bytes:
        self.asked += 1
        if self.kids is None:
            raise SecretUnavailable("away")
        return key_set(*(entry(kid) for kid in self.kids))

    def keys(self) -> ProviderKeys:
        return ProviderKeys(self.read, clock=lambda: self.now)


def test_keys_of_both_kinds_are_known_by_their_kid() -> None:
    keys = parse_key_set(key_set(entry("a", RSA), entry("b", EC), entry("c", RSA, alg="RS256", use="sig")))
    assert {kid: key.algorithm for kid, key in keys.items()} == {"a": "RS256", "b": "ES256", "c": "RS256"}


SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)
OTHER_CURVE = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    "unusable",
    [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYw", "kid": "x"},
        entry("x", RSA, use="enc"),
        entry("x", RSA, alg="RS512"),
        entry("x", RSA, alg="HS256"),
        entry("x", EC, alg="RS256"),
        entry("x", SMALL),
        entry("x", OTHER_CURVE),
        {**entry("x", RSA), "n": "not base64!"},
        {"kty": "RSA", "kid": "x"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "x"},
        {**entry("x"), "kid": 7},
        {name: value for name, value in entry("x").items() if name != "kid"},
        {"kty": ["RSA"], "kid": "x"},
        "x",
        None,
    ],
)
def test_a_key_that_cannot_be_used_is_left_out_and_the_others_stay(unusable: object) -> None:
    assert set(parse_key_set(key_set(unusable, entry("good")))) == {"good"}


@pytest.mark.parametrize("text", [b"", b"\xff", b"[]", b"null", b"{}", b'{"keys": 7}', b"[" * 100_000, b"<html>"])
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    with pytest.raises(SecretUnavailable):
        parse_key_set(text)


async def test_known_keys_are_read_once_however_many_connect() -> None:
    provider = Away("a", "b")
    keys = provider.keys()
    for _ in range(50):
        assert await keys.of("a")
        assert await keys.of("b")
        provider.now += 1
    assert provider.asked == 1


async def test_an_unknown_kid_makes_us_ask_at_most_once_a_minute() -> None:
    provider = Away("a")
    keys = provider.keys()
    for number in range(100):
        assert await keys.of(f"made up {number}") is None
    assert provider.asked == 1
    provider.kids = ("a", "b")
    provider.now += 59
    assert await keys.of("b") is None
    provider.now += 1
    assert await keys.of("b")
    assert provider.asked == 2


async def test_a_key_that_was_withdrawn_is_trusted_for_an_hour_at_most() -> None:
    provider = Away("a", "b")
    keys = provider.keys()
    assert await keys.of("a")
    provider.kids = ("b",)
    provider.now += 3600
    assert await keys.of("a") is None


async def test_a_provider_that_is_away_leaves_its_known_keys_for_a_day() -> None:
    provider = Away("a")
    keys = provider.keys()
    assert await keys.of("a")
    provider.kids = None
    for _ in range(23):
        provider.now += 3600
        assert await keys.of("a")
    provider.now += 3600
    with pytest.raises(SecretUnavailable):
        await keys.of("a")
    provider.kids = ("a",)
    provider.now += 60
    assert await keys.of("a")


async def test_a_provider_that_is_away_from_the_beginning_is_not_asked_at_every_connection() -> None:
    provider = Away()
    provider.kids = None
    keys = provider.keys()
    for _ in range(20):
        with pytest.raises(SecretUnavailable):
            await keys.of("a")
    assert provider.asked == 1


@contextmanager
def serving(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """The address of a server that gives this answer to everybody."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks.json"
        finally:
            server.shutdown()
            thread.join()


async def test_a_key_set_is_read_over_http() -> None:
    with serving(200, key_set(entry("a"))) as url:
        assert await ProviderKeys(read_from(url)).of("a")


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, b"", {}),
        (404, key_set(entry("a")), {}),
        (302, key_set(entry("a")), {"Location": "http://127.0.0.1:1/other"}),
        (200, b"x" * (SET_BYTES + 1), {}),
    ],
)
async def test_an_answer_that_is_no_key_set_says_so(status: int, body: bytes, headers: dict[str, str]) -> None:
    with serving(status, body, **headers) as url, pytest.raises(SecretUnavailable):
        await read_from(url)()


async def test_a_server_that_is_away_says_so() -> None:
    with pytest.raises(SecretUnavailable):
        await read_from("http://127.0.0.1:1/jwks.json")()
