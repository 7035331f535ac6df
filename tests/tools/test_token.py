import asyncio
from functools import partial
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from functions.adapters.tokens.provider_keys import parse_key_set
from functions.adapters.tokens.token_keys import TokenKeys
from functions.adapters.tokens.tokens import Tokens, header_of
from local.local_api import fresh_keys
from local.servers.moto import MotoResources
from tests.tools.answering import answering
from tests.tools.wrong_arguments import said
from tools.__main__ import main
from tools.token_order import AUDIENCE, ISSUER

ARGUMENTS = ["--activity", "42", "--user", "alice", "--name", "Alice"]


def test_the_emulator_is_asked_and_the_token_alone_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with answering("POST", 200, {"token": "a.b.c"}) as (url, asked):
        assert main(["token", *ARGUMENTS, "--caps", "chat, moderate", "--seconds", "60", "--url", url], {}) == 0
        assert main(["token", *ARGUMENTS, "--url", url.replace("http:", "ws:") + "/websocket"], {}) == 0
        shown = ["--attribute", "role=host", "--attribute", "note=a=b", "--attribute", "empty="]
        assert main(["token", *ARGUMENTS, *shown, "--url", url], {}) == 0
    assert capsys.readouterr().out == "a.b.c\na.b.c\na.b.c\n"
    assert asked.pop()["attributes"] == {"role": "host", "note": "a=b", "empty": ""}
    assert asked == [
        {"activityId": "42", "userId": "alice", "name": "Alice", "caps": ["chat", "moderate"], "seconds": 60},
        {"activityId": "42", "userId": "alice", "name": "Alice", "caps": ["chat", "like"], "seconds": 3600},
    ]


def test_the_emulators_port_is_the_one_that_make_dev_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with answering("POST", 200, {"token": "a.b.c"}) as (url, asked):
        assert main(["token", "--platform", "--user", "shop"], {"PORT": url.rpartition(":")[2]}) == 0
    assert asked[0]["activityId"] is None


def test_an_answer_without_a_token_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for status, answer, problem in (
        (409, {"error": "open", "message": "x"}, "no token is needed"),
        (503, {"error": "unavailable", "message": "no keys"}, "no keys"),
        (404, b"<html>", "is that an emulator?"),
        (200, [], "is that an emulator?"),
    ):
        with answering("POST", status, answer) as (url, _):
            assert main(["token", *ARGUMENTS, "--url", url], {}) == 1, status
        out, error = capsys.readouterr()
        assert out == "", status
        assert problem in error, status
        assert len(error.splitlines()) == 1, status


def test_wrong_arguments_end_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = "wss://rooms.example/websocket"
    for arguments, problem in (
        (["--url", elsewhere], f"--url: {elsewhere} is not on this machine: name"),
        (["--url", "http://rooms.example"], "--url: http://rooms.example is not on this machine: name the secret"),
        (["--url", "rooms"], "--url: 'rooms' is no URL"),
        (["--url", "http://127.0.0.1:port"], "--url: 'http://127.0.0.1:port' is no URL"),
        (["--caps", "fly"], "--caps must be"),
        (["--activity", "forty"], "--activity must be"),
        (["--attribute", "role"], "--attribute: 'role' is not NAME=TEXT"),
        (["--attribute", "=x"], "--attribute has a name that must have 1-64 characters"),
        (["--attribute", "a=" + "x" * 513], "--attribute has a text that must have at most 512 characters"),
        ([f"--attribute=n{number}=x" for number in range(17)], "--attribute must have at most 16 entries"),
        (["--seconds", "0"], "--seconds: '0' is not a number from 1 to 31536000"),
        (["--seconds", "x"], "--seconds: 'x' is not a number from 1 to 31536000"),
        (["--user", ""], "--user must"),
        (["--name", ""], "--name must"),
        ([], "PORT: 'zz' is not a number from 1 to 65535"),
        (["--platform"], "--platform: not allowed with argument --activity"),
    ):
        line = said(capsys, partial(main, ["token", *ARGUMENTS, *arguments], {"PORT": "zz"}), arguments)
        assert line.startswith(f"python -m tools token: {problem}"), arguments


def test_where_nobody_answers_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", *ARGUMENTS, "--url", "http://127.0.0.1:1"], {}) == 1
    error = capsys.readouterr().err
    assert error.startswith("python -m tools token: nothing answers at http://127.0.0.1:1 (")
    assert error.count("\n") == 1


def test_who_and_where_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--user", "alice"], ["--activity", "42"]):
        said(capsys, partial(main, ["token", *arguments], {}), arguments)


def test_a_deployed_rooms_token_is_signed_here_with_the_keys_of_its_secret(
    moto_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fresh_keys()

    async def read() -> str:
        return keys

    with asyncio.Runner() as runner:
        runner.run(MotoResources(moto_url).put_secret("keys", keys))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        deployed = ["--url", "wss://rooms.example/websocket", "--secret"]
        assert main(["token", *ARGUMENTS, *deployed, "keys"], {}) == 0
        claims = runner.run(Tokens(TokenKeys(read)).verify(capsys.readouterr().out.strip()))
        assert (claims.sub, claims.rooms) == ("alice", frozenset({42}))
        assert main(["token", *ARGUMENTS, *deployed, "others"], {}) == 1
        assert "ResourceNotFoundException" in capsys.readouterr().err


def test_an_identity_providers_token_is_signed_with_a_key_that_is_made_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "test-key.pem"
    arguments = ["token", *ARGUMENTS, "--key", str(key)]
    assert main(arguments, {}) == 0
    first, told = capsys.readouterr()
    public = tmp_path / "test-key.jwks.json"
    assert told == f"The rooms take it with: make dev AUTH_MODE=token JWKS={public}\n"
    assert key.stat().st_mode & 0o077 == 0
    assert main([*arguments, "--issuer", "https://id.example", "--audience", "shop"], {}) == 0
    second, told = capsys.readouterr()
    assert told == ""
    keys = parse_key_set(public.read_bytes())
    for token, issuer, audience in ((first, ISSUER, AUDIENCE), (second, "https://id.example", "shop")):
        header = header_of(token.strip())
        public_key = keys[header.kid]
        claims = jwt.decode(token.strip(), public_key.key, [header.algorithm], issuer=issuer, audience=audience)
        assert (claims["sub"], claims["name"], claims["caps"]) == ("alice", "Alice", ["chat", "like"])


def test_an_rsa_key_signs_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rsa.pem").write_bytes(pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    assert main(["token", *ARGUMENTS, "--key", str(tmp_path / "rsa.pem")], {}) == 0
    assert header_of(capsys.readouterr().out.strip()).algorithm == "RS256"
    assert [key.algorithm for key in parse_key_set((tmp_path / "rsa.jwks.json").read_bytes()).values()] == ["RS256"]


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_file_that_holds_no_such_key_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (("text.pem", b"hello"), ("curve.pem", pem(ec.generate_private_key(ec.SECP384R1())))):
        (tmp_path / name).write_bytes(content)
        assert main(["token", *ARGUMENTS, "--key", str(tmp_path / name)], {}) == 1, name
        out, error = capsys.readouterr()
        assert (out, error.count("\n")) == ("", 1), name
        assert name in error, name
    for unusable in (tmp_path, tmp_path / "no" / "key.pem"):
        assert main(["token", *ARGUMENTS, "--key", str(unusable)], {}) == 1
        assert capsys.readouterr().err.count("\n") == 1
    for more in (["--url", "http://127.0.0.1:8000"], ["--secret", "keys"]):
        assert "--key: " in said(capsys, partial(main, ["token", *ARGUMENTS, "--key", "k.pem", *more], {}), more)
    platform = ["token", "--platform", "--user", "shop", "--key", "k.pem"]
    assert "--key: " in said(capsys, partial(main, platform, {}), platform)
